"""`prologue` and `epilogue` in C++: operation after operation, for one frame."""

import math
from collections.abc import Sequence

from xdsl.ir import Operation, SSAValue

from qnn_ir.dialects import qnn
from qnn_ir.dialects.qnn import shape_of
from qnn_ir.emit.host.cpp_interface import Tensor
from qnn_ir.emit.host.cpp_loops import Lines
from qnn_ir.emit.host.cpp_ops import BODIES, top_k
from qnn_ir.emit.host.cpp_values import CppSpelling, CppValues, vector_of
from qnn_ir.emit.host.cpp_words import definition
from qnn_ir.emit.host.formulas import FORMULAS
from qnn_ir.emit.host.network import HostFunction, describe, result_name
from qnn_ir.errors import UserError


def function_text(
    function: HostFunction, signature: str, arguments: Sequence[Tensor], results: Sequence[Tensor], values: CppValues
) -> str:
    """A host function with the given parameters."""
    lines: Lines = []
    for tensor, value in zip(arguments, function.arguments, strict=True):
        if not any(value.uses):
            lines.append(f"static_cast<void>({tensor.name});")
        elif tensor.element == "float":  # all arithmetic is that of doubles
            values.texts[value] = values.names.fresh("x")
            lines.append(f"const Reals {values.texts[value]}({tensor.name}, {tensor.name} + {tensor.size});")
        else:
            values.texts[value] = tensor.name
    for op in function.operations:
        lines += _operation(op, values)
    for tensor, value in zip(results, function.results, strict=True):
        lines.append(f"std::copy_n(&{values.array(value)}[0], {tensor.size}, {tensor.name});")
    return definition(signature, lines)


def _operation(op: Operation, values: CppValues) -> Lines:
    """The statements of one operation; what depends on no input is computed once."""
    if isinstance(op, qnn.ConstantOp):
        values.constants.add(op.result)
        return []
    if not values.depends(op):
        values.constants.update(op.results)
    if isinstance(op, qnn.ReshapeOp):
        values.texts[op.result] = values.array(op.x)
        return [f"// {describe(op)} of the same elements"]
    if isinstance(op, qnn.TopKOp):
        best, indices = (values.names.fresh(wish) for wish in ("best", "indices"))
        values.texts |= {op.values: best, op.indices: indices}
        declared = [_declaration(op.values, best), _declaration(op.indices, indices)]
        return [f"// {describe(op)}", *declared, *top_k(op, values, best, indices)]
    (result,) = op.results
    name = values.names.fresh(result_name(op))
    values.texts[result] = name
    lines = [_declaration(result, name), *_scoped(_body(op, values, name))]
    if not values.depends(op):
        once = [f"static const {vector_of(result)} {name} = []() {{", *(f"  {line}" for line in lines)]
        lines = [*once, f"  return {name};", "}();"]
    return [f"// {describe(op)}", *lines]


def _body(op: Operation, values: CppValues, name: str) -> Lines:
    """The statements that fill the array `name`."""
    if (formula := FORMULAS.get(type(op))) is not None:
        spelling = CppSpelling(values, op)
        return spelling.lines(name, formula(op, spelling))
    if (body := BODIES.get(type(op))) is not None:
        return body(op, values, name)
    raise UserError(f"{op.name} is no operation of host code")


def _scoped(lines: Lines) -> Lines:
    """Lines that declare variables as a block of their own."""
    declares = any(line.startswith(("const ", "double ", "std::int64_t ", "int ")) for line in lines)
    return ["{", *(f"  {line}" for line in lines), "}"] if declares else lines


def _declaration(value: SSAValue, name: str) -> str:
    return f"{vector_of(value)} {name}({math.prod(shape_of(value))});"
