"""`qnn-opt`: reads MLIR or ONNX, runs passes, prints MLIR or a target. MLIR's habits, errors in one line."""

import io
import os
import re
import sys
from collections.abc import Callable, Sequence
from itertools import chain, pairwise
from pathlib import Path
from typing import IO, ClassVar

from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import PassPipeline
from xdsl.utils.exceptions import ArgSpecParseError, DiagnosticException, InterpretationError, ParseError
from xdsl.xdsl_opt_main import xDSLOptMain

from qnn_ir.driver.context import in_file, no_text
from qnn_ir.errors import UserError

USER_ERRORS = (UserError, DiagnosticException, InterpretationError, ParseError, ArgSpecParseError, ValueError, OSError)
"""What a wrong file, pipeline or array can raise; anything else is a defect and shows a traceback."""


class QnnOptMain(xDSLOptMain):
    """xDSL's driver with our dialects, passes and targets (through the `xdsl.universe` entry point) and ONNX files."""

    version_format: ClassVar[str] = "qnn-opt (xDSL {xdsl_version})"
    _output: "_Text | None" = None

    def register_all_frontends(self) -> None:
        super().register_all_frontends()
        self.available_frontends["onnx"] = self._import_onnx

    def _import_onnx(self, stream: IO[bytes]) -> ModuleOp:
        from qnn_ir.frontend.onnx import import_model  # costs 0.2 s, which MLIR input need not pay

        file: str | None = self.args.input_file
        try:
            return import_model(stream, base_dir=None if file is None else Path(file).parent)
        except UserError as error:
            raise in_file(error, file or "stdin") from error

    def get_input_stream(self) -> tuple[IO[bytes], str]:
        if self.args.input_file == "-":  # as in MLIR
            self.args.input_file = None
        return super().get_input_stream()

    def parse_chunk(self, chunk: IO[bytes], file_extension: str, start_offset: int = 0) -> ModuleOp | None:
        try:
            return super().parse_chunk(chunk, file_extension, start_offset)
        except UnicodeDecodeError as error:
            raise no_text(self.args.input_file or "stdin") from error

    def setup_pipeline(self) -> None:
        """`qnn-compile` is shown and timed as the passes that it consists of."""
        super().setup_pipeline()
        if all(p.name != "qnn-compile" for p in self.pipeline.passes):
            return
        from qnn_ir.passes.pipelines import QnnCompilePass  # every pass of ours, which other pipelines need not load

        passes = (p.steps() if isinstance(p, QnnCompilePass) else (p,) for p in self.pipeline.passes)
        self.pipeline = PassPipeline(tuple(chain.from_iterable(passes)), self.pipeline.callback)

    def prepare_output(self) -> IO[str]:
        """Text is kept until all of it is there: a run that fails leaves an older file as it was."""
        if self.args.output_file in (None, "-"):
            return sys.stdout
        self._output = _Text()
        return self._output

    def run(self) -> None:
        super().run()
        if self._output is not None:
            Path(self.args.output_file).write_text(self._output.getvalue(), encoding="utf-8")


class _Text(io.StringIO):
    """Text that can still be read when it is closed."""

    def close(self) -> None:
        self.flush()


def one_line(error: BaseException) -> str:
    """What a user needs to know of `error`: what, and for text where."""
    if isinstance(error, ParseError):
        return f"{error.span.get_location()}: {' '.join(error.msg.split())}"
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    text = " ".join(str(error).split())
    return f"{op}: {text}" if (op := _rejected_operation(error)) else text


def _rejected_operation(error: BaseException) -> str:
    """The operation that a verifier or parser marked by carets in the notes of `error`."""
    for note in getattr(error, "__notes__", ()):
        lines = str(note).splitlines()
        for line, marker in pairwise(lines):
            if marker.lstrip().startswith("^") and (found := re.search(r'"([\w.]+)"\(', line)):
                return found.group(1)
    return ""


def guarded(action: Callable[[], None], debug: bool) -> int:
    """Run `action`; the exit code. The user's errors are told in one line, with `debug` as tracebacks."""
    try:
        action()
        sys.stdout.flush()
    except BrokenPipeError:  # `| head` has read enough; Python would complain once more when it ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except USER_ERRORS as error:
        if debug:
            raise
        print(f"error: {one_line(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return 0


def main(args: Sequence[str] | None = None) -> int:
    """Entry point; the exit code."""
    arguments = list(sys.argv[1:] if args is None else args)
    debug = "--debug" in arguments
    if debug:
        arguments.remove("--debug")
    return guarded(lambda: QnnOptMain(args=arguments).run(), debug)


if __name__ == "__main__":
    sys.exit(main())
