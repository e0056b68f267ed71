"""`-t hls-cpp`: a module at the `hlsc` level as HLS C++."""

from dataclasses import dataclass
from typing import IO, ClassVar

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.utils.target import Target

from qnn_ir.emit.project import emit_project

SEPARATOR = '// ----- 8< ----- FILE "{}" ----- 8< -----\n'


@dataclass(frozen=True)
class HlsCppTarget(Target):
    """
    Prints every file of the accelerator, each after a line that names it; `file` prints one file alone.

    `file` may be a kind: `cpp`, `h`, `weights`, `tb`, `tcl`.
    """

    name: ClassVar[str] = "hls-cpp"

    file: str | None = None

    def emit(self, ctx: Context, module: ModuleOp, output: IO[str]) -> None:
        files = emit_project(module)
        if self.file is not None:
            output.write(_one_file(files, self.file))
            return
        for name, text in files.items():
            output.write(SEPARATOR.format(name) + text)


def _one_file(files: dict[str, str], wanted: str) -> str:
    top = next(iter(files)).removesuffix(".cpp")
    kinds = {"cpp": f"{top}.cpp", "h": f"{top}.h", "weights": f"{top}_weights.h", "tb": "tb.cpp", "tcl": "run_hls.tcl"}
    return files.get(kinds.get(wanted, wanted), "")
