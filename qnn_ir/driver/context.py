"""A context with every dialect that a compiled module may hold."""

from xdsl.context import Context
from xdsl.dialects.builtin import Builtin, ModuleOp
from xdsl.dialects.dlti import DLTI
from xdsl.dialects.func import Func
from xdsl.parser import Parser

from qnn_ir.universe import QNN_UNIVERSE


def compiler_context() -> Context:
    """Builtin, func and dlti are loaded; ours load when they are met."""
    ctx = Context()
    for dialect in (Builtin, Func, DLTI):
        ctx.load_dialect(dialect)
    for name, factory in QNN_UNIVERSE.all_dialects.items():
        ctx.register_dialect(name, factory)
    return ctx


def parse_module(text: str, name: str) -> ModuleOp:
    """Parse `text`; `name` is what a parse error calls it."""
    return Parser(compiler_context(), text, name).parse_module()
