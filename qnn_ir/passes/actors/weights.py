"""The weights of a unit: constants of its process, or tiles that a process of their own reads from a port."""

from xdsl.ir import SSAValue

from qnn_ir.constants import int_type, to_numpy
from qnn_ir.dialects.hlsc import (
    BitcastOp,
    LoadOp,
    MemType,
    MuxOp,
    ProcessOp,
    ReadOp,
    SliceOp,
    Style,
    ValueType,
    WriteOp,
    bits_of,
    value_type,
)
from qnn_ir.dialects.stream import Memory, Weighted
from qnn_ir.int_types import word_bits
from qnn_ir.passes.actors.builder import ProcessBuilder

STYLES = {Memory.LUTRAM: Style.LUTRAM, Memory.BRAM: Style.BRAM}
"""What constants are stored in; anything else is left to the synthesis tool, which knows what else is in the device."""

INTERFACES = {Memory.EXTERNAL: "memory", Memory.WRITABLE: "registers", Memory.URAM: "registers_uram"}
"""How the port of loaded weights is made."""


def weight_inputs(op: Weighted) -> list[ValueType]:
    """The beats of the port for weights, behind those of the operands; none where weights are constants."""
    return [tile_type(op)] if op.memory.data.is_loaded else []


def tile_type(op: Weighted) -> ValueType:
    """The weights of one iteration, as they are stored."""
    return value_type(op.stored_tiles().shape[1:], op.stored_element)


def word_memory(op: Weighted) -> MemType:
    """Loaded weights outside: a tile per word."""
    return MemType(len(op.stored_tiles()), int_type(0, (1 << word_bits(bits_of(tile_type(op)))) - 1))


def weight_tile(p: ProcessBuilder, op: Weighted, outer: SSAValue, inner: SSAValue) -> SSAValue:
    """The tile of the iteration (outer, inner) of the last two counters of the nest of `op`."""
    if op.memory.data.is_loaded:
        stored = p.add(ReadOp(p.inputs[-1]))
        return p.add(MuxOp(stored, p.splat(1), p.splat(-1))) if op.is_bipolar else stored
    tiles = op.tiles(to_numpy(op.weights))
    memory = p.rom("weights", tiles, op.weight_type, STYLES.get(op.memory.data, Style.AUTO))
    beats = op.nest()[-1]
    return p.add(LoadOp(memory, p.word_of(memory, p.affine((outer, beats), (inner, 1)))))


def weight_process(op: Weighted, name: str) -> ProcessOp:
    """`main(v, i): write (the lowest bits of weights[i])`, all words for every vector."""
    tile, memory = tile_type(op), word_memory(op)
    p = ProcessBuilder(name, op, [], [tile], "v i", [op.nest()[0], memory.depth.data], [memory])
    words, index = p.memory_ports[0], p.counters[1]
    width = bits_of(memory.value)
    bits = p.add(LoadOp(words, p.word_of(words, index), result_type=value_type((width,), int_type(0, 1))))
    low = bits if width == bits_of(tile) else p.add(SliceOp(bits, 0, bits_of(tile)))
    p.effect(WriteOp(p.outputs[0], p.add(BitcastOp(low, tile))))
    return p.process
