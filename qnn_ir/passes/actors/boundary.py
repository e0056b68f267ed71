"""
Where the accelerator meets its surroundings: words of 8, 16, 32, ... bits outside, vectors of elements inside.

Lane 0 sits in the lowest bits of a word; the bits above the last lane are zero.
"""

from xdsl.ir import Attribute, Operation

from qnn_ir.constants import int_type
from qnn_ir.dialects.hlsc import (
    BitcastOp,
    ConcatOp,
    ConstantOp,
    ProcessOp,
    ReadOp,
    SliceOp,
    ValueType,
    WriteOp,
    bits_of,
    value_type,
)
from qnn_ir.dialects.stream import ChannelType
from qnn_ir.int_types import word_bits
from qnn_ir.passes.actors.builder import ProcessBuilder, beat_type

BIT = int_type(0, 1)


def word_type(type_: ChannelType) -> ValueType:
    """The word that carries one beat."""
    return int_type(0, (1 << word_bits(type_.bits)) - 1)


def input_process(type_: ChannelType, name: str, source: Operation) -> ProcessOp:
    """`main(i): write (the lowest bits of read)`"""
    word, beat = word_type(type_), beat_type(type_)
    p = _builder(type_, name, source, word, beat)
    bits = p.add(ReadOp(p.inputs[0], result_type=_bits(word)))
    low = bits if bits_of(word) == type_.bits else p.add(SliceOp(bits, 0, type_.bits))
    p.effect(WriteOp(p.outputs[0], p.add(BitcastOp(low, beat))))
    return p.process


def output_process(type_: ChannelType, name: str, source: Operation) -> ProcessOp:
    """`main(i): write (zeros above read)`"""
    word, beat = word_type(type_), beat_type(type_)
    p = _builder(type_, name, source, beat, word)
    bits = p.add(ReadOp(p.inputs[0], result_type=_bits(beat)))
    if padding := bits_of(word) - type_.bits:
        zeros = p.add(ConstantOp(0, value_type((padding,), BIT)))
        bits = p.add(ConcatOp([bits, zeros]))
    p.effect(WriteOp(p.outputs[0], p.add(BitcastOp(bits, word))))
    return p.process


def _builder(type_: ChannelType, name: str, source: Operation, read: ValueType, written: ValueType) -> ProcessBuilder:
    """A process for every beat of `type_`, which comes from no node of the network."""
    p = ProcessBuilder(name, source, [read], [written], "i", [type_.beats.data])
    p.process.origin = None
    return p


def _bits(type_: Attribute) -> ValueType:
    """The same bits as single lanes."""
    return value_type((bits_of(type_),), BIT)
