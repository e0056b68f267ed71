"""The host side of a compiled network: its float prologue and epilogue, kept as text beside the C++."""

from pathlib import Path

from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.utils.exceptions import ParseError

from qnn_ir.driver.context import parse_module
from qnn_ir.errors import UserError

HOST_FILE = "ir/host.mlir"
HOST_FUNCTIONS = ("prologue", "epilogue")


def function(module: ModuleOp, name: str) -> FuncOp:
    """The function `@name` of the module."""
    return next(op for op in module.ops if isinstance(op, FuncOp) and op.sym_name.data == name)


def host_text(module: ModuleOp) -> str:
    """A module of the host functions alone."""
    return str(ModuleOp([function(module, name).clone() for name in HOST_FUNCTIONS])) + "\n"


def read_host(out: Path) -> ModuleOp:
    """The host functions of the build folder `out`."""
    path = out / HOST_FILE
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError("a file of the build is missing", str(path), "run `qnnc build` again") from error
    try:
        return parse_module(text, str(path))
    except ParseError as error:
        raise UserError("a file of the build is damaged", str(path), "run `qnnc build` again") from error
