"""
`qnn-integerize`: prove the float graph back to integers.

One walk in topological order tracks every tensor as exact functions of stored integers with proven ranges
(`qnn_ir.analysis`). Where an integer is needed (linear operators, pools, joins, fan-out, outputs) the function in front
of it becomes one `qnn.map`. Afterwards `@main` is: float prologue, `qnn.to_integer`, integers, `qnn.to_real`, float
epilogue.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Block, Operation, SSAValue
from xdsl.passes import ModulePass

from qnn_ir.analysis.value import Value, constant
from qnn_ir.constants import location_name
from qnn_ir.dialects import qnn
from qnn_ir.errors import UserError
from qnn_ir.passes.integer_form import main_function, remove_dead, set_types
from qnn_ir.passes.integerizing import borders, elementwise, host, joins, linear, movement, pools, quantisers
from qnn_ir.passes.integerizing.inputs import InputSpec, annotated_input, parse_input
from qnn_ir.passes.integerizing.walk import Host, Poison, Walk

Rule = Callable[[Walk, Any], Any]

RULES: dict[type[Operation], Rule] = {
    **dict.fromkeys(quantisers.QUANTISERS, quantisers.rule),
    qnn.DequantizeLinearOp: quantisers.dequantize,
    qnn.MatMulOp: linear.matmul,
    qnn.ConvOp: linear.conv,
    qnn.ConvTransposeOp: linear.conv_transpose,
    qnn.AveragePoolOp: pools.average_pool,
    qnn.MaxPoolOp: pools.max_pool,
    qnn.AddOp: elementwise.add,
    qnn.SubOp: elementwise.sub,
    qnn.MulOp: elementwise.mul,
    qnn.DivOp: elementwise.div,
    qnn.BatchNormOp: elementwise.batch_norm,
    qnn.ReluOp: elementwise.relu,
    qnn.ClipOp: elementwise.clip,
    qnn.LeakyReluOp: elementwise.leaky_relu,
    qnn.PReluOp: elementwise.prelu,
    qnn.UnaryOp: elementwise.unary,
    qnn.ReshapeOp: movement.movement,
    qnn.TransposeOp: movement.movement,
    qnn.SliceOp: movement.movement,
    qnn.DepthToSpaceOp: movement.movement,
    qnn.ResizeOp: movement.movement,
    qnn.GatherOp: movement.gather,
    qnn.PadOp: borders.pad,
    qnn.ConcatOp: joins.concat,
    qnn.TopKOp: host.order,
    qnn.ArgMaxOp: host.order,
    qnn.SoftmaxOp: host.on_host,
}


@dataclass(frozen=True)
class QnnIntegerizePass(ModulePass):
    """Replace explicit quantisers and float arithmetic by integer operators and proved integer maps."""

    name = "qnn-integerize"

    input: str | None = None
    """What the network's input holds, for example `uint8,scale=1/255`; by default its first quantiser decides."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """UserError lists everything that cannot be made integer."""
        integerize(main_function(op), self.input)


def integerize(function: FuncOp, declaration: str | None) -> None:
    """Rewrite the body of `function`."""
    old = function.body.block
    new = Block(arg_types=[argument.type for argument in old.args])
    walk = Walk(new)
    for number, (argument, copy) in enumerate(zip(old.args, new.args, strict=True)):
        copy.name_hint, copy.location = argument.name_hint, argument.location
        spec = _declared(function, number, declaration)
        if element := qnn.integer_type(argument.type):
            walk.states[argument] = host.declare_integers(walk, argument, copy, element)
        elif spec is not None:
            walk.states[argument] = host.declare(walk, copy, spec)
        else:
            walk.states[argument], walk.hosts[argument] = Host(copy, before=True), copy
    for op in old.ops:
        if not isinstance(op, ReturnOp):
            _visit(walk, op)
    _finish(walk, old)
    returned = ReturnOp(*(host.result(walk, o) for o in _terminator(old).operands))
    new.add_op(returned)
    function.body.detach_block(old)
    function.body.add_block(new)
    old.erase(safe_erase=False)
    remove_dead(function)
    set_types(function)


def _declared(function: FuncOp, number: int, declaration: str | None) -> InputSpec | None:
    """What input `number` holds: as the user declares, or as the model annotates unless a quantiser says more."""
    if declaration is not None:
        return parse_input(declaration)
    attributes = None if function.arg_attrs is None else function.arg_attrs.data[number].data
    annotation = (attributes or {}).get("qnn.annotation")
    if not isinstance(annotation, StringAttr) or _quantised_first(function.body.block.args[number]):
        return None
    return annotated_input(annotation.data)


def _quantised_first(value: SSAValue) -> bool:
    """Whether everything that reads `value`, moved or not, is a quantiser."""
    pending = [value]
    while pending:
        for use in pending.pop().uses:
            reader = use.operation
            if isinstance(reader, qnn.MovementOp):
                pending.extend(reader.results)
            elif not isinstance(reader, quantisers.QUANTISERS):
                return False
    return True


def _visit(walk: Walk, op: Operation) -> None:
    walk.origin = op
    if isinstance(op, qnn.ConstantOp):
        walk.states[op.result] = constant(op.numpy())
        return
    states = [walk.states[o] for o in op.operands]
    if any(isinstance(state, Poison) for state in states):
        walk.states.update((result, Poison()) for result in op.results)
        return
    try:
        _apply(walk, op, states)
    except UserError as error:
        walk.problems.append(UserError(error.what, error.where or location_name(op), error.remedy))
        walk.states.update((result, Poison()) for result in op.results)


def _apply(walk: Walk, op: Operation, states: list[Any]) -> None:
    rule = RULES.get(type(op))
    if rule is None:
        raise UserError(f"{op.name} has no integer form", remedy="remove it from the network")
    hosts = [state for state in states if isinstance(state, Host)]
    if hosts and rule is not quantisers.rule:
        if any(isinstance(s, Value) and not s.is_constant for s in states):
            raise UserError(
                "joins a quantised tensor with one that is not", remedy="quantise both operands, or declare the input"
            )
        host.on_host(walk, op)
        return
    result = rule(walk, op)
    if not isinstance(result, Value):
        return
    walk.states[op.results[0]] = result
    if result.is_constant:
        return
    if len(list(op.results[0].uses)) > 1:
        walk.materialize(op.results[0])


def _terminator(block: Block) -> Operation:
    last = block.last_op
    if not isinstance(last, ReturnOp):
        raise UserError("@main does not end with a return")
    return last


def _finish(walk: Walk, old: Block) -> None:
    """Outputs as real tensors; all problems as one error."""
    for operand in _terminator(old).operands:
        walk.origin = operand.owner if isinstance(operand.owner, Operation) else None
        if isinstance(walk.states[operand], Poison) or walk.problems:
            continue
        try:
            walk.host(operand)
        except UserError as error:
            where = location_name(walk.origin) if walk.origin else ""
            walk.problems.append(UserError(error.what, error.where or where, error.remedy))
    if walk.problems:
        raise _joined(walk.problems)
    if not walk.quantised:
        raise _unquantised(old)


def _joined(problems: list[UserError]) -> UserError:
    if len(problems) == 1:
        return problems[0]
    listed = " | ".join(str(problem) for problem in problems)
    return UserError(f"{len(problems)} operators cannot be made integer: {listed}")


def _unquantised(block: Block) -> UserError:
    first = next((op for op in block.ops if isinstance(op, host.LINEAR)), None)
    where = location_name(first) if first else ""
    return UserError(
        "the network is not quantised: no quantiser follows its input",
        where,
        "train and export it with quantisers (QONNX or QCDQ)",
    )
