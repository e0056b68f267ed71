"""
Generated host code against the interpreter: `host.py` and the compiled `host.cpp` do the same operations in the same
order, so integers are identical and so are reals, with one exception: NumPy's and the C library's transcendental
functions may differ in the last place, and sums of them in the order of the terms. There, and only there, reals are
compared to 1e-15, relative or absolute (1 + tanh(x) cancels).
"""

from pathlib import Path

import numpy as np
from host_code import Compiled, imported, interpreted, write
from xdsl.dialects.builtin import ModuleOp

from qnn_ir.driver.context import parse_module
from qnn_ir.emit.host import emit_host

FRAMES = 7


class Code:
    """Collects operations; every one of them is a result of the epilogue."""

    def __init__(self, *arguments: str):
        self.arguments = [f"%x{i}: tensor<{type_}>" for i, type_ in enumerate(arguments)]
        self.lines: list[str] = []
        self.results: list[tuple[str, str]] = []

    def op(self, text: str, *types: str, result: bool = True) -> str:
        """`text` without its results; `types` are those of its results. The name of the first result."""
        names = [f"%r{len(self.lines)}_{i}" for i in range(len(types))]
        self.lines.append(f"{', '.join(names)} = {text}")
        self.results += zip(names, types, strict=True) if result else ()
        return names[0]

    def constant(self, array: np.ndarray, type_: str) -> str:
        stored = type_ if array.dtype.kind == "f" else "i64"
        shape = "x".join(map(str, array.shape))
        dims = f"{shape}x" if shape else ""
        return self.op(f"qnn.constant dense<{array.tolist()}> : tensor<{dims}{stored}> as tensor<{dims}{type_}>",
                       f"{dims}{type_}", result=False)  # fmt: skip

    def module(self) -> ModuleOp:
        parameters = ", ".join(self.arguments)
        names = ", ".join(argument.split(":")[0] for argument in self.arguments)
        types = ", ".join(argument.split(": ")[1] for argument in self.arguments)
        results = ", ".join(f"tensor<{type_}>" for _, type_ in self.results)
        returned = ", ".join(name for name, _ in self.results)
        body = "\n".join(self.lines)
        module = parse_module(
            f"func.func @prologue({parameters}) -> ({types}) {{\nfunc.return {names} : {types}\n}}\n"
            f"func.func @epilogue({parameters}) -> ({results}) {{\n{body}\nfunc.return {returned} : {results}\n}}",
            "test",
        )
        module.verify()
        return module


def check(code: Code, folder: Path, *arguments: np.ndarray, last_place: bool = False, cxx: str = "g++") -> None:
    """Interpreter, Python and C++ agree on every result."""
    module = code.module()
    write(emit_host(module, "net"), folder)
    expected = interpreted(module, "epilogue", arguments)
    in_python = imported(folder).epilogue(*arguments)
    in_cpp = Compiled(folder, module, cxx=cxx).run("epilogue", arguments)
    for (name, type_), wanted, python, cpp in zip(code.results, expected, in_python, in_cpp, strict=True):
        line = next(line for line in code.lines if name in line.split("=")[0])[:200]
        np.testing.assert_array_equal(python.reshape(wanted.shape), wanted, f"Python, {line}")
        if last_place and "f" in type_.split("x")[-1]:
            np.testing.assert_allclose(cpp, wanted, 1e-15, 1e-15, err_msg=f"C++, {line}")
        else:
            np.testing.assert_array_equal(cpp, wanted, f"C++, {line}")


def reals(*shape: int, seed: int = 0, unit: float | None = None) -> np.ndarray:
    """Random numbers; with `unit` multiples of it, so that ties are frequent and sums exact."""
    values = np.random.default_rng(seed).uniform(-6, 6, (FRAMES, *shape))
    return values if unit is None else np.rint(values / unit) * unit
