"""One small network, built once for all tests of scripts."""

from pathlib import Path

import pytest
from scripts import EXAMPLE
from xdsl.dialects.builtin import ModuleOp
from xdsl.parser import Parser

from qnn_ir.driver.build import BuildOptions, build
from qnn_ir.driver.context import compiler_context
from qnn_ir.driver.progress import Progress


def built(model: Path, out: Path, **options: object) -> ModuleOp:
    """The module of a build at the `hlsc` level."""
    build(model, out, BuildOptions(**options), Progress(quiet=True))  # type: ignore[arg-type]
    return Parser(compiler_context(), (out / "ir" / "hlsc.mlir").read_text(encoding="utf-8")).parse_module()


@pytest.fixture(scope="session")
def streams(tmp_path_factory: pytest.TempPathFactory) -> ModuleOp:
    """The example with AXI streams."""
    return built(EXAMPLE, tmp_path_factory.mktemp("axis") / "out", interface="axis")


@pytest.fixture(scope="session")
def memory(tmp_path_factory: pytest.TempPathFactory) -> ModuleOp:
    """The example with ports to memory."""
    return built(EXAMPLE, tmp_path_factory.mktemp("memory") / "out", interface="memory")
