"""`host.py`: the host side of an accelerator in NumPy, without anything of ours."""

import io
import textwrap

import numpy as np
from xdsl.ir import Operation, SSAValue

from qnn_ir.dialects import qnn
from qnn_ir.dialects.qnn import element_of, shape_of
from qnn_ir.dialects.qnn.shapes import text as shape_text
from qnn_ir.emit.host.formulas import FORMULAS
from qnn_ir.emit.host.network import HostFunction, HostNetwork, describe, kind, legal, result_name
from qnn_ir.emit.host.ports import Port
from qnn_ir.emit.host.python_helpers import helper_text
from qnn_ir.emit.host.python_ops import EXPRESSIONS
from qnn_ir.emit.host.python_values import PythonSpelling, PythonValues
from qnn_ir.emit.text import quoted
from qnn_ir.errors import UserError

CONSTANTS_FILE = "constants.npz"

_TITLE = '''"""
The host side of the accelerator: NumPy and nothing else.

    integers = prologue(*inputs)      # N frames of each ONNX input: what the accelerator reads
    words = pack_inputs(integers)     # its input words, uint8 (N, words per frame, bytes per word), one per port
    integers = unpack_outputs(words)  # the same way back from its output words
    outputs = epilogue(*integers)     # N frames of each ONNX output, float64 or int64

`run(accelerator, *inputs)` does all of it around a function from input words to output words.
"""
'''
_PACKING = '''

def pack_inputs(tensors: list[Array]) -> list[Array]:
    """The words of every input port for integers that `prologue` made; integers that pass by are left out."""
    return [pack(tensor, port) for tensor, port in zip(tensors, INPUT_PORTS)]


def unpack_outputs(words: list[Array]) -> list[Array]:
    """The integers (N, *shape) in the words of every output port, N frames of bytes in any shape."""
    return [unpack(np.asarray(data, np.uint8), port) for data, port in zip(words, OUTPUT_PORTS)]


def run(accelerator: Callable[[list[Array]], list[Array]], *inputs: Array) -> list[Array]:
    """The ONNX outputs for N frames of each ONNX input; `accelerator` maps input words to output words."""
    integers = prologue(*inputs)
    results = unpack_outputs(accelerator(pack_inputs(integers)))
    outputs = epilogue(*results, *integers[len(INPUT_PORTS) :])
    return [output.astype(np.float32) if output.dtype.kind == "f" else output for output in outputs]
'''


def python_files(network: HostNetwork, banner: str) -> dict[str, str | bytes]:
    """`host.py` and, where constants are many, `constants.npz`."""
    values = PythonValues()
    functions = [
        _function(network.prologue, "prologue", values, whole=True),
        _function(network.epilogue, "epilogue", values, whole=False),
    ]
    if network.inputs:
        values.helpers |= {"pack", "unpack"}
        functions.append(_PACKING)
    sections = [helper_text(values.helpers), _ports(network), _constants(values), *functions]
    body = "".join(sections)
    files: dict[str, str | bytes] = {"host.py": f"{banner}{_TITLE}{_imports(body)}{body}"}
    if values.stored:
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **values.stored)
        files[CONSTANTS_FILE] = buffer.getvalue()
    return files


def _imports(body: str) -> str:
    """What `body` uses of the standard library and of NumPy."""
    lines = ["from __future__ import annotations", ""]  # boards have Python 3.8 and NumPy 1.17
    lines += [
        line
        for line, sign in (
            ("import math", "math."),
            ("from collections.abc import Callable", "Callable["),
            ("from itertools import product", "product("),
            ("from pathlib import Path", "Path("),
        )
        if sign in body
    ]
    typing = "Any, NamedTuple" if "(NamedTuple)" in body else "Any"
    lines += [f"from typing import {typing}", "", "import numpy as np"]
    return "\n" + "\n".join(lines) + "\n\nArray = np.ndarray\n"


def _ports(network: HostNetwork) -> str:
    """The ports as data."""
    if not network.inputs:
        return ""
    lines: list[str] = []
    for name, ports in (("INPUT_PORTS", network.inputs), ("OUTPUT_PORTS", network.outputs)):
        lines += [f"{name} = [", *(f"    {_port(port)}," for port in ports), "]"]
    return "\n\n" + "\n".join(lines) + "\n"


def _port(port: Port) -> str:
    fields = ("bits", "signed", "lanes", "beats", "word_bytes", "shape", "perm", "channels")
    return f"Port({', '.join(f'{field}={getattr(port, field)!r}' for field in fields)})"


def _constants(values: PythonValues) -> str:
    """The constants and what is computed from constants alone."""
    if not values.module:
        return ""
    load = f'CONSTANTS = np.load(Path(__file__).parent / "{CONSTANTS_FILE}", allow_pickle=False)'
    return "\n" + "\n".join([*([load] if values.stored else []), *values.module]) + "\n"


def _function(function: HostFunction, name: str, values: PythonValues, *, whole: bool) -> str:
    """`def name(*inputs)`; `whole`: the results keep a batch axis of 1."""
    arguments = [values.names.fresh(legal(onnx), "x") for onnx in function.argument_names]
    values.texts.update(zip(function.arguments, arguments, strict=True))
    body = _entry(function, arguments, values)
    for op in function.operations:
        body += _operation(op, values)
    results = [_result(value, function, values, whole=whole) for value in function.results]
    returned = textwrap.wrap(f"return [{', '.join(results)}]", 112, subsequent_indent="    ", break_long_words=False)
    summary = {True: "What the accelerator reads, int64 (N, *shape), for float inputs.", False: "The ONNX outputs."}
    head = ["", "", '@np.errstate(all="ignore")', f"def {name}(*inputs: Array) -> list[Array]:"]
    lines = [f'"""{summary[whole]}"""', *_documented(function), *body, *returned]
    return "\n".join([*head, *(f"    {line}" if line else line for line in lines)]) + "\n"


def _documented(function: HostFunction) -> list[str]:
    """The results in words."""
    results = zip(function.result_names, function.results, strict=True)
    return [f"# returns {quoted(name)}: {element_of(value)}, {_shape(value)}" for name, value in results]


def _shape(value: SSAValue) -> str:
    return shape_text(shape_of(value))


def _entry(function: HostFunction, arguments: list[str], values: PythonValues) -> list[str]:
    """The arguments as arrays with a frame axis."""
    if not arguments:
        raise UserError("a network without inputs has no host functions")
    pairs = zip(function.argument_names, function.arguments, strict=True)
    tensors = [f"({quoted(name)}, {shape_of(value)}, np.{kind(value).__name__})" for name, value in pairs]
    target = f"({arguments[0]},)" if len(arguments) == 1 else ", ".join(arguments)
    helper = values.helper("frames_of")
    if len(tensors) == 1:
        return [f"{target} = {helper}(inputs, [{tensors[0]}])"]
    return [f"{target} = {helper}(", "    inputs,", "    [", *(f"        {t}," for t in tensors), "    ],", ")"]


def _operation(op: Operation, values: PythonValues) -> list[str]:
    """The statements of one operation; those of a constant go to the file."""
    if isinstance(op, qnn.ConstantOp):
        values.constants.add(op.result)
        return []
    values.statements = []
    if (formula := FORMULAS.get(type(op))) is not None:
        text = formula(op, PythonSpelling(values, op))
    elif (expression := EXPRESSIONS.get(type(op))) is not None:
        text = expression(op, values)
    else:
        raise UserError(f"{op.name} is no operation of host code")
    wishes = ("best", "indices") if isinstance(op, qnn.TopKOp) else (result_name(op),)
    names = [values.names.fresh(wish) for wish in wishes]
    values.texts.update(zip(op.results, names, strict=True))
    lines = [f"# {describe(op)}", *values.statements, f"{', '.join(names)} = {text}"]
    if values.depends(op):
        return lines
    values.constants.update(op.results)
    values.module += lines
    return []


def _result(value: SSAValue, function: HostFunction, values: PythonValues, *, whole: bool) -> str:
    text = values.array(value)
    if values.is_constant(value):
        frames = f"len({values.array(function.arguments[0])})"
        text = f"{values.helper('for_all_frames')}({text}, {shape_of(value)}, {frames})"
    batch = shape_of(value)[:1] == (1,) and not whole
    return f"{values.helper('without_batch')}({text})" if batch else text
