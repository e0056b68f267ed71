"""What stays on the host, and the borders of the integer region."""

import numpy as np
from xdsl.dialects.builtin import IntegerType, NameLoc
from xdsl.ir import BlockArgument, Operation, SSAValue

from qnn_ir.analysis.rational import scalar
from qnn_ir.analysis.value import Base, Value, of_base
from qnn_ir.constants import int_type, type_range
from qnn_ir.dialects import qnn
from qnn_ir.int_types import value_range
from qnn_ir.passes.integer_form import integer_element
from qnn_ir.passes.integerizing.inputs import InputSpec
from qnn_ir.passes.integerizing.walk import Host, Walk

WIDEST_INPUT = 32
LINEAR = (qnn.MatMulOp, qnn.ConvOp, qnn.ConvTransposeOp)


def declare(walk: Walk, argument: SSAValue, spec: InputSpec) -> Value:
    """The network's input as the integers that the user declared."""
    shape = qnn.shape_of(argument)
    lo, hi = np.array([spec.lo]), np.array([spec.hi])
    base = Base(shape, np.zeros((1,) * len(shape), np.int64), lo, hi)
    base.handle = walk.emit(
        qnn.ToIntegerOp(
            argument,
            element=int_type(spec.lo, spec.hi),
            scale=float(spec.scale),
            bias=float(spec.bias),
            groups=base.gid,
        )
    )
    walk.quantised = True
    return of_base(base, scalar(spec.scale), scalar(spec.bias))


def declare_integers(walk: Walk, old: BlockArgument, argument: SSAValue, element: IntegerType) -> Value:
    """An input of integers: its type is the declaration; positions in a table are as many as the table has rows."""
    lo, hi = type_range(element)
    if tables := _tables_only(old):
        lo, hi = max(lo, 0), min(hi, *(size - 1 for size in tables))
    elif element.width.data > WIDEST_INPUT:
        name = old.location.desc.data if isinstance(old.location, NameLoc) else ""
        walk.note(f"holds integers of {element.width.data} bits: read as {WIDEST_INPUT} bits", f"graph input '{name}'")
        lo, hi = value_range(WIDEST_INPUT, lo < 0)
    return declare(walk, walk.emit(qnn.ToRealOp(argument)), InputSpec(lo, hi))


def _tables_only(value: SSAValue) -> list[int]:
    """The number of rows of the tables that `value` is a position of, where it is nothing else."""
    readers = [use.operation for use in value.uses]
    found = [op for op in readers if isinstance(op, qnn.GatherOp) and op.indices is value and op.x is not value]
    return [qnn.shape_of(op.x)[op.axis.value.data] for op in found] if len(found) == len(readers) else []


def result(walk: Walk, operand: SSAValue) -> SSAValue:
    """A result of the network as the model declares it: real numbers, or integers of a type."""
    value, element = walk.hosts[operand], qnn.integer_type(operand.type)
    if element is None or not qnn.is_float(value.type):
        return value
    lo, hi = type_range(element)
    one, zero = (walk.emit(qnn.ConstantOp(array)) for array in (np.ones((), np.float32), np.zeros((), np.int64)))
    return walk.emit(qnn.QuantizeLinearOp(value, one, zero, axis=0, lo=lo, hi=hi, element=element))


def on_host(walk: Walk, op: Operation) -> Host:
    """An operator of real tensors in front of the first quantiser or behind the last affine."""
    states = [walk.states[o] for o in op.operands]
    before = all((isinstance(s, Host) and s.before) or (isinstance(s, Value) and s.is_constant) for s in states)
    if isinstance(op, LINEAR) and before:
        walk.note("runs on the host in floats: its input is not quantised; declare it (--input uint8,scale=1/255)")
    for operand in op.operands:
        walk.host(operand)
    copy = walk.clone(op)
    for old, new in zip(op.results, copy.results, strict=True):
        walk.states[old] = Host(new, before)
    return Host(copy.results[0], before)


def order(walk: Walk, op: qnn.TopKOp | qnn.ArgMaxOp) -> Host:
    """Positions of largest elements: read off the integers where these have the order of the real numbers."""
    only_indices = isinstance(op, qnn.ArgMaxOp) or not list(op.values.uses)
    state = walk.states[op.x]
    if not only_indices or not isinstance(state, Value):
        return on_host(walk, op)
    value, form = walk.affine(op.x)
    if len(form.s) > 1 or len(form.b) > 1 or not form.s[0]:
        return on_host(walk, op)
    largest = form.s[0] > 0
    copy = _ordered(op, walk.handle(value.base), largest)
    if copy is None:
        return on_host(walk, op)
    copy.location = op.location
    walk.block.add_op(copy)
    for old, new in zip(op.results, copy.results, strict=True):
        walk.states[old] = Host(new, False)
    return Host(copy.results[-1], False)


def _ordered(op: qnn.TopKOp | qnn.ArgMaxOp, stored: SSAValue, rising: bool) -> Operation | None:
    if isinstance(op, qnn.TopKOp):
        largest = bool(op.largest.value.data) == rising
        axis, element = op.axis.value.data, integer_element(op.indices)
        return qnn.TopKOp(stored, op.k.value.data, axis=axis, largest=largest, index_type=element)
    if not rising:
        return None
    return qnn.ArgMaxOp(
        stored,
        axis=op.axis.value.data,
        keepdims=bool(op.keepdims.value.data),
        last_index=bool(op.last_index.value.data),
        index_type=integer_element(op.result),
    )
