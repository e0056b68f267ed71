"""Executable semantics of the `hlsc` level: a top, or one process on its own."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import ArrayAttr, ModuleOp
from xdsl.ir import Attribute, BlockArgument, SSAValue

from qnn_ir.constants import to_numpy
from qnn_ir.dialects import hlsc
from qnn_ir.dialects.stream import ChannelType
from qnn_ir.interp.hlsc_process import Mode, Order, ProcessProgram, Tokens
from qnn_ir.interp.hlsc_values import Array, HlscError, array_shape, from_bits, payload, recast, to_bits

__all__ = ["HlscError", "ProcessProgram", "run_process", "run_top"]

IntArray = NDArray[Any]


def run_process(
    process: hlsc.ProcessOp,
    inputs: Sequence[IntArray],
    frames: int | None = None,
    mode: Mode = "auto",
    order: Order = "greedy",
    seed: int = 0,
    check: bool = True,
) -> list[Array]:
    """
    One process: for each input port an array (frames, tokens, *lanes), the same for each output port.

    Lanes of more than 62 bits are bits, see `hlsc_values`. `frames` is needed where there is no input. With `check`
    every intermediate value is compared with its type.
    """
    count = len(inputs[0]) if inputs else frames or 1
    tokens = [list(np.moveaxis(np.asarray(array), 1, 0)) for array in inputs]
    outputs = ProcessProgram(process, check).run(tokens, count, mode, order, seed)
    return [_frames_first(t, p, count) for t, p in zip(outputs, process.outputs, strict=True)]


def _frames_first(tokens: Tokens, port: BlockArgument, frames: int) -> Array:
    shape = array_shape(payload(port))
    if not tokens:
        return np.zeros((frames, 0, *shape), np.int64)
    return np.stack([np.broadcast_to(t, (frames, *shape)) for t in tokens], axis=1)


def run_top(
    module: ModuleOp, top: hlsc.TopOp, inputs: Sequence[IntArray], mode: Mode = "auto"
) -> list[NDArray[np.int64]]:
    """
    The whole accelerator: integers (N, elements per frame) in stream order for each input, the same for each output.

    `input_types` and `output_types` of the top say how elements are grouped into beats, the port how beats are padded
    to words. Raises `HlscError` on a deadlock (naming process and port), a leftover token or a value outside its type.
    """
    del module
    frames = len(inputs[0])
    channels: dict[SSAValue, tuple[Attribute, Tokens]] = {}
    for arg, array, type_ in zip(top.inputs, inputs, _stream_types(top.input_types, top.inputs), strict=True):
        channels[arg] = payload(arg), pack_beats(np.asarray(array), type_, payload(arg))
    channels |= _memories(top)
    _run_calls(top, channels, frames, mode)
    types = _stream_types(top.output_types, top.outputs)
    outputs = [channels[arg] for arg in top.outputs]
    return [unpack_beats(tokens, word, t, frames) for (word, tokens), t in zip(outputs, types, strict=True)]


def _memories(top: hlsc.TopOp) -> dict[SSAValue, tuple[Attribute, Tokens]]:
    """The words of each memory argument."""
    result: dict[SSAValue, tuple[Attribute, Tokens]] = {}
    for arg, data, tile in zip(top.memories, top.memory_data or (), top.memory_types or (), strict=True):
        result[arg] = payload(arg), pack_beats(to_numpy(data).reshape(1, -1), tile, payload(arg))
    return result


def _stream_types(types: ArrayAttr[Attribute] | None, args: Sequence[BlockArgument]) -> list[Attribute]:
    """The type of one beat before padding."""
    if types is None:
        return [payload(arg) for arg in args]
    return [hlsc.value_type((t.lanes.data,), t.element) for t in types if isinstance(t, ChannelType)]


def _run_calls(top: hlsc.TopOp, channels: dict[SSAValue, tuple[Attribute, Tokens]], frames: int, mode: Mode) -> None:
    """Run every process as soon as all its inputs are there; whole frames at a time."""
    called = top.called()
    waiting = list(called)
    while waiting:
        still: list[hlsc.CallOp] = []
        for call in waiting:
            if all(c in channels for c in _ends(call, called[call])[0]):
                _run_call(call, called[call], channels, frames, mode)
            else:
                still.append(call)
        if len(still) == len(waiting):
            missing = next(c for c in _ends(still[0], called[still[0]])[0] if c not in channels)
            name = still[0].callee.string_value()
            raise HlscError(f"deadlock: process @{name} waits for channel %{missing.name_hint}, which depends on it")
        waiting = still


def _ends(call: hlsc.CallOp, process: hlsc.ProcessOp) -> tuple[list[SSAValue], list[SSAValue]]:
    """The channels and memories a call reads and the channels it writes, in the order of the ports."""
    pairs = list(zip(process.ports, call.channels, strict=True))
    reads = [c for p, c in pairs if not isinstance(p.type, hlsc.OutType)]
    return reads, [c for p, c in pairs if isinstance(p.type, hlsc.OutType)]


def _run_call(
    call: hlsc.CallOp,
    process: hlsc.ProcessOp,
    channels: dict[SSAValue, tuple[Attribute, Tokens]],
    frames: int,
    mode: Mode,
) -> None:
    _, writes = _ends(call, process)
    inputs: list[Tokens] = []
    memories: dict[SSAValue, Tokens] = {}
    for port, channel in zip(process.ports, call.channels, strict=True):
        if isinstance(port.type, hlsc.OutType):
            continue
        type_, tokens = channels.pop(channel)
        if isinstance(port.type, hlsc.MemType):
            memories[port] = tokens
        else:
            inputs.append([recast(t, type_, payload(port)) for t in tokens])
    outputs = ProcessProgram(process, memories=memories).run(inputs, frames, mode)
    for port, channel, tokens in zip(process.outputs, writes, outputs, strict=True):
        channels[channel] = payload(port), tokens


def pack_beats(elements: IntArray, beat: Attribute, word: Attribute) -> Tokens:
    """Elements (N, count) as tokens of type `word`: `beat` lanes at a time, zero bits above."""
    lanes = hlsc.lanes_of(beat)
    if elements.ndim != 2 or elements.shape[1] % lanes:
        raise HlscError(f"{elements.shape} elements do not fill beats of {beat}")
    lo, hi = hlsc.range_of(beat)
    if elements.size and (elements.min() < lo or elements.max() > hi):
        raise HlscError(f"input [{elements.min()}, {elements.max()}] does not fit {beat}")
    beats = elements.astype(np.int64).reshape(len(elements), -1, *hlsc.shape_of(beat))
    return [_padded(beats[:, i], beat, word) for i in range(beats.shape[1])]


def _padded(value: Array, beat: Attribute, word: Attribute) -> Array:
    if hlsc.bits_of(beat) == hlsc.bits_of(word):
        return recast(value, beat, word)
    bits = to_bits(value, beat)
    return from_bits(np.pad(bits, ((0, 0), (0, hlsc.bits_of(word) - hlsc.bits_of(beat)))), word)


def unpack_beats(tokens: Tokens, word: Attribute, beat: Attribute, frames: int) -> NDArray[np.int64]:
    """The inverse of `pack_beats`: (N, count)."""
    count = hlsc.bits_of(beat)
    values = [from_bits(to_bits(t, word)[:, :count], beat).reshape(len(t), -1) for t in tokens]
    return np.concatenate([np.broadcast_to(v, (frames, v.shape[1])) for v in values], axis=1)
