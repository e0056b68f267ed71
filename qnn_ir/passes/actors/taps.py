"""What depthwise unit and pool share: one result per channel, folded over the taps of a window."""

from xdsl.dialects.builtin import IntegerType
from xdsl.ir import SSAValue

from qnn_ir.dialects.hlsc import AddOp, LoadOp, MaxOp, NotOp, SelectOp, StoreOp, shape_of, value_type
from qnn_ir.passes.actors.builder import ProcessBuilder


def fold_taps(
    p: ProcessBuilder, nest: tuple[int, ...], value: SSAValue, combine: type[AddOp | MaxOp], element: IntegerType
) -> tuple[SSAValue, SSAValue | None]:
    """
    `combine` over the taps of a nest (positions, taps, beats of a pixel), and whether this is the last tap.

    `element` holds every partial result. The memory has one word for each beat of a pixel.
    """
    _, taps, folds = nest
    _, k, c = p.counters
    value = p.convert(value, element)
    if taps == 1:
        return value, None
    type_ = value_type(shape_of(value.type), element)
    memory = p.reg("acc", type_) if folds == 1 else p.ram("acc", folds, type_)
    index = p.word_of(memory, c)
    first = p.compare("eq", k, 0)
    before = p.add(LoadOp(memory, index, p.add(NotOp(first))))
    total = p.add(SelectOp(first, value, p.convert(p.add(combine(before, value)), element)))
    p.effect(StoreOp(memory, total, index))
    return total, p.compare("eq", k, taps - 1)
