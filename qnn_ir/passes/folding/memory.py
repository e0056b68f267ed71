"""Memory modes of layers: taken from a folding file, checked against the device, and the types that they need."""

from collections.abc import Mapping

from xdsl.dialects.builtin import DenseArrayBase, FunctionType, IntegerType, ModuleOp, TensorType, i64
from xdsl.dialects.func import FuncOp
from xdsl.ir import SSAValue
from xdsl.rewriter import Rewriter

from qnn_ir.constants import location_name
from qnn_ir.device import Device
from qnn_ir.dialects.stream import Actor, ChannelType, GraphOp, Memory, MemoryAttr, Weighted, channel
from qnn_ir.errors import UserError
from qnn_ir.passes.folding.edges import pad_rows
from qnn_ir.passes.folding.widening import hull, result_element

KNOB = "memory"
"""The name of the memory mode in a folding file."""


def read_memory(file: str, layer: str, value: object, actor: Actor) -> Memory:
    """The memory mode that `file` gives `layer`."""
    if not isinstance(actor, Weighted):
        raise UserError(f"layer {layer!r} has no {KNOB!r}", file, "it has no weights")
    if value not in list(Memory):
        raise UserError(f"{KNOB} of layer {layer!r} is {value!r}", file, f"give one of {', '.join(Memory)}")
    return Memory(value)


def set_memories(graph: GraphOp, memories: Mapping[str, Memory], device: Device) -> None:
    """
    Give layers their memory modes.

    Sums of a layer whose weights are loaded, and all channels behind it up to the host, get types that hold what any
    weights of the layer's type can lead to; the values for its own weights stay what they are.
    """
    for actor in graph.actors():
        if isinstance(actor, Weighted) and actor.layer.data in memories:
            mode = memories[actor.layer.data]
            _check_device(actor, mode, device)
            actor.memory = MemoryAttr(mode)
    _widen(graph)


def memory_of(actor: Actor) -> dict[str, str]:
    """The entry of `actor` in a folding file, where its weights are not simply constants."""
    if not isinstance(actor, Weighted) or actor.memory.data == Memory.AUTO:
        return {}
    return {KNOB: str(actor.memory.data)}


def pad_sources(actor: Weighted, rows: tuple[int, int], columns: tuple[int, int]) -> None:
    """Every `unit` rows and columns of `actor` are about to be padded: (unit, size) of each."""
    if actor.memory.data.is_loaded and (rows[0] != rows[1] or columns[0] != columns[1]):
        padded = [
            pad_rows(old, *how, axis=0, value=-1) for old, how in zip(actor.sources(), (rows, columns), strict=True)
        ]
        actor.rows_from, actor.columns_from = (DenseArrayBase.from_list(i64, p.tolist()) for p in padded)


def _check_device(actor: Weighted, mode: Memory, device: Device) -> None:
    if mode == Memory.URAM and not device.urams:
        raise UserError(
            f"layer {actor.layer.data!r} asks for UltraRAM, {device.part} has none",
            location_name(actor),
            f"give one of {', '.join(m for m in Memory if m != Memory.URAM)}",
        )


def _widen(graph: GraphOp) -> None:
    """From each layer that is loaded on downwards."""
    wider: set[SSAValue] = set()
    for actor in graph.actors():
        loaded = isinstance(actor, Weighted) and actor.memory.data.is_loaded
        if not loaded and not any(operand in wider for operand in actor.operands):
            continue
        for result in list(actor.results):
            old = channel(result)
            element = hull(old.element, result_element(actor, old.element))
            if element != old.element:
                type_ = ChannelType(element, old.lanes, old.beats)
                wider.add(Rewriter.replace_value_with_new_type(result, type_))
    for place, value in enumerate(graph.output.channels):
        if value in wider:
            _widen_host(graph, place, channel(value).element)


def _widen_host(graph: GraphOp, place: int, element: IntegerType) -> None:
    """The epilogue takes the wider integers of output `place`."""
    module = graph.parent_op()
    assert isinstance(module, ModuleOp)
    for function in module.ops:
        if isinstance(function, FuncOp) and function.sym_name.data == "epilogue":
            argument = function.body.block.args[place]
            assert isinstance(argument.type, TensorType)
            wide = TensorType(element, argument.type.get_shape())
            Rewriter.replace_value_with_new_type(argument, wide)
            inputs = [arg.type for arg in function.body.block.args]
            function.function_type = FunctionType.from_lists(inputs, list(function.function_type.outputs))
