"""Every operator is documented, and the examples of the documentation are valid IR."""

import importlib.util
import inspect
import re

import pytest
from xdsl.context import Context
from xdsl.dialects.builtin import Builtin
from xdsl.dialects.func import Func
from xdsl.ir import Operation
from xdsl.parser import Parser
from xdsl.utils.test_value import create_ssa_value

from qnn_ir.universe import QNN_UNIVERSE

MODULES = {"qnn": "qnn_ir.dialects.qnn", "stream": "qnn_ir.dialects.stream", "hlsc": "qnn_ir.dialects.hlsc"}


def operations() -> list[type[Operation]]:
    found: list[type[Operation]] = []
    for name, factory in QNN_UNIVERSE.all_dialects.items():
        if importlib.util.find_spec(MODULES[name]) is not None:
            found.extend(factory().operations)
    return found


def examples(op: type[Operation]) -> list[str]:
    return re.findall(r"```mlir\n(.*?)```", inspect.getdoc(op) or "", re.DOTALL)


def parse(text: str) -> list[Operation]:
    """The operations of an example; values that it does not define count as defined before."""
    ctx = Context()
    ctx.load_dialect(Builtin)
    ctx.load_dialect(Func)
    for name, factory in QNN_UNIVERSE.all_dialects.items():
        ctx.register_dialect(name, factory)
    parser = Parser(ctx, text)
    found: list[Operation] = []
    while (op := parser.parse_optional_operation()) is not None:
        found.append(op)
    for references in parser.forward_ssa_references.values():
        for value in references.values():
            value.replace_all_uses_with(create_ssa_value(value.type))
    return found


@pytest.mark.parametrize("op", operations(), ids=lambda op: op.name)
def test_example(op: type[Operation]):
    texts = examples(op)
    assert texts, f"{op.name} has no example"
    for text in texts:
        parsed = parse(text)
        for each in parsed:
            each.verify()
        names = {inner.name for each in parsed for inner in each.walk()}
        assert op.name in names
