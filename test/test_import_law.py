"""One direction of data flow: which package may import which. See docs/architecture.md."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "qnn_ir"
BASE = {"errors", "int_types", "constants", "maps", "device", "__version__"}
MAY_IMPORT = {
    "errors": set(),
    "int_types": set(),
    "maps": {"int_types"},
    "constants": {"int_types"},
    "device": {"errors"},
    "analysis": {"errors", "int_types", "maps"},
    "dialects": BASE,
    "frontend": BASE | {"dialects"},
    "passes": BASE | {"dialects", "analysis", "targets"},
    "interp": BASE | {"dialects", "analysis"},
    "emit": BASE | {"dialects.hlsc"},
    "emit.host": BASE | {"dialects.hlsc", "dialects.qnn", "emit"},  # host code is printed from `qnn`
    "emit.scripts": BASE | {"emit", "targets"},  # scripts differ from board to board
    "targets": BASE,
    "report": BASE | {"analysis", "dialects", "targets"},
    "runtime": set(),  # shipped to boards: nothing of ours but itself
    "standin": BASE | {"driver.csim"},  # compiles accelerators as C simulation does
    "driver": None,  # knows the whole chain
    "universe": set(),  # names everything, imports nothing
}
"""What the files of a package may import; a longer name is the more specific rule."""
LAZY = {("dialects", "passes.canonicalization")}
"""Canonicalisation patterns are looked up inside `get_canonicalization_patterns` only."""


def imports_of(path: Path) -> list[str]:
    """What of `qnn_ir` the file imports, as dotted names below `qnn_ir`."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            if node.level and "runtime" in path.parts:
                continue  # the files of a deployment folder, which is no package of ours
            assert node.level == 0, f"{path}: relative import"
            package = ROOT.parent.joinpath(*str(node.module).split("."))
            inside = package.is_dir() and node.module in ("qnn_ir", "qnn_ir.dialects")
            names += [f"{node.module}.{alias.name}" if inside else str(node.module) for alias in node.names]
    return [name.removeprefix("qnn_ir").removeprefix(".") for name in names if name.split(".")[0] == "qnn_ir"]


def package_of(path: Path) -> str:
    """The most specific package of `MAY_IMPORT` that the file belongs to, else its first part."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    names = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
    return next((name for name in names if name in MAY_IMPORT), parts[0])


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_import_arrows(path: Path) -> None:
    package = package_of(path)
    if package == "__init__":
        assert imports_of(path) == []
        return
    allowed = MAY_IMPORT[package]
    if allowed is None:
        return
    for name in imports_of(path):
        fine = name == "" or any(name == a or name.startswith(f"{a}.") for a in allowed | {package} if a)
        lazy = any(package == p and name.startswith(target) for p, target in LAZY)
        assert fine or lazy, f"{package} must not import qnn_ir.{name}"
