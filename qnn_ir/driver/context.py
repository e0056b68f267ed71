"""A context with every dialect that a compiled module may hold, and files in messages."""

from pathlib import Path

from xdsl.context import Context
from xdsl.dialects.builtin import Builtin, ModuleOp
from xdsl.dialects.dlti import DLTI
from xdsl.dialects.func import Func
from xdsl.parser import Parser

from qnn_ir.errors import UserError
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


def no_text(file: str | Path) -> UserError:
    """What to say of a file that should be MLIR."""
    return UserError("this is no text", str(file), "give MLIR text, or a model whose name ends in .onnx")


def in_file(error: UserError, file: str | Path) -> UserError:
    """The error with the model's file in front of its place, where the place is a node or a tensor of the model."""
    if str(file) in error.where:
        return error
    return UserError(error.what, f"{file}: {error.where}" if error.where else str(file), error.remedy)
