"""`host.h` and `host.cpp`: the host side of an accelerator in plain C++14, frame by frame."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from xdsl.ir import Operation, SSAValue

from qnn_ir.dialects import qnn
from qnn_ir.dialects.qnn import is_float, shape_of
from qnn_ir.dialects.qnn.shapes import text as shape_text
from qnn_ir.emit.cpp_names import Names
from qnn_ir.emit.host.cpp_helpers import helper_text
from qnn_ir.emit.host.cpp_loops import Lines, Nest, View, row_major
from qnn_ir.emit.host.cpp_ops import BODIES, top_k
from qnn_ir.emit.host.cpp_values import CppSpelling, CppValues, literal, vector_of
from qnn_ir.emit.host.formulas import FORMULAS
from qnn_ir.emit.host.network import HostFunction, HostNetwork, describe, legal, result_name
from qnn_ir.emit.host.ports import Port
from qnn_ir.emit.text import quoted
from qnn_ir.errors import UserError

_TABLES_INLINE = 20_000
"""Characters of constant tables up to which they stay in `host.cpp`."""

_EXACT = """
// Results are those of IEEE double precision, operation by operation.
#ifdef __FAST_MATH__
#error "compile the host code without -ffast-math"
#endif
#if defined(__clang__)
#pragma clang fp contract(off)
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif
"""


@dataclass(frozen=True)
class Tensor:
    """A parameter of the interface: one tensor of one frame."""

    name: str
    onnx: str
    value: SSAValue
    argument: bool = False
    """An ONNX input: floats as they are fed."""

    @property
    def element(self) -> str:
        """The C++ type of an element."""
        if not is_float(self.value.type):
            return "std::int64_t"
        return "float" if self.argument else "double"

    @property
    def size(self) -> int:
        """Elements per frame."""
        size = 1
        for n in shape_of(self.value):
            size *= n
        return size


def cpp_files(network: HostNetwork, banner: str) -> dict[str, str | bytes]:
    """`host.h`, `host.cpp` and, where constants are many, `host_constants.h`."""
    return _Printer(network, banner).files()


class _Printer:
    """One network in C++."""

    def __init__(self, network: HostNetwork, banner: str):
        self.network, self.banner = network, banner
        self.values = CppValues()
        self.space = f"{network.top}_host"
        names = self.values.names
        self.names = names
        prologue, epilogue = network.prologue, network.epilogue
        ports = zip(prologue.result_names, prologue.results, strict=True)
        middle = [Tensor(names.fresh(legal(name), "tensor"), name, value) for name, value in ports]
        self.inputs = _tensors(prologue.argument_names, prologue.arguments, names, argument=True)
        self.fed = middle[: len(middle) - network.bypassing]
        self.bypassing = middle[len(self.fed) :]
        count = len(epilogue.arguments) - network.bypassing
        self.read = _tensors(epilogue.argument_names[:count], epilogue.arguments[:count], names)
        self.passed = [
            Tensor(t.name, t.onnx, value) for t, value in zip(self.bypassing, epilogue.arguments[count:], strict=True)
        ]
        self.outputs = _tensors(epilogue.result_names, epilogue.results, names)

    def files(self) -> dict[str, str | bytes]:
        functions = [
            self._function(self.network.prologue, "prologue", self.inputs, [*self.fed, *self.bypassing]),
            self._function(self.network.epilogue, "epilogue", [*self.read, *self.passed], self.outputs),
            *(self._pack(port, tensor) for port, tensor in zip(self.network.inputs, self.fed, strict=False)),
            *(self._unpack(port, tensor) for port, tensor in zip(self.network.outputs, self.read, strict=False)),
            *([self._encode(), self._decode()] if self.network.inputs else []),
        ]
        tables = "\n".join(self.values.tables)
        separate = len(tables) > _TABLES_INLINE
        files: dict[str, str | bytes] = {
            "host.h": self.banner + self._header(),
            "host.cpp": self.banner + self._source(functions, tables, separate),
        }
        if separate:
            note = "// Constants of host.cpp, which is the one file to include them.\n\n"
            files["host_constants.h"] = self.banner + note + tables
        return files

    # the header

    def _header(self) -> str:
        guard = f"{self.space.upper()}_H"
        sizes = "".join(_size(tensor) for tensor in self._tensors)
        lines = [f"static const std::size_t {p.name}_bytes = {p.frame_bytes};\n" for p in self._ports]
        words = f"\n// Bytes of the words of a port per frame.\n{''.join(lines)}" if lines else ""
        declared = "".join(f"\n{comment}\n{signature};\n" for comment, signature in self._interface)
        return (
            f"#ifndef {guard}\n#define {guard}\n\n#include <cstddef>\n#include <cstdint>\n\n"
            f"// The host side of the accelerator, one frame at a time.\n"
            f"// A number off the declared input grid, or outside its port, is a std::invalid_argument.\n"
            f"namespace {self.space} {{\n\n// Elements of a tensor per frame.\n{sizes}{words}{declared}\n"
            f"}}  // namespace {self.space}\n\n#endif\n"
        )

    @property
    def _tensors(self) -> list[Tensor]:
        return [*self.inputs, *self.fed, *self.bypassing, *self.read, *self.outputs]

    @property
    def _ports(self) -> list[Port]:
        return [*self.network.inputs, *self.network.outputs]

    @cached_property
    def _interface(self) -> list[tuple[str, str]]:
        """Comment and signature of every function."""
        pairs = [
            ("// From the ONNX inputs to what the accelerator reads.", self._prologue),
            ("// From what the accelerator writes to the ONNX outputs.", self._epilogue),
        ]
        for port, tensor in zip(self.network.inputs, self.fed, strict=False):
            pairs.append((f"// {_described(port)}", _pack_signature(port, tensor)))
        for port, tensor in zip(self.network.outputs, self.read, strict=False):
            pairs.append((f"// {_described(port)}", _unpack_signature(port, tensor)))
        if self.network.inputs:
            pairs.append(("// `prologue`, then the words of every input port.", self._encode_signature))
            pairs.append(("// The words of every output port, then `epilogue`.", self._decode_signature))
        return pairs

    @property
    def _prologue(self) -> str:
        return _signature("prologue", self.inputs, [*self.fed, *self.bypassing])

    @property
    def _epilogue(self) -> str:
        return _signature("epilogue", [*self.read, *self.passed], self.outputs)

    @property
    def _encode_signature(self) -> str:
        words = [f"std::uint8_t *{port.name}_words" for port in self.network.inputs]
        return _signature("encode", self.inputs, self.bypassing, words)

    @property
    def _decode_signature(self) -> str:
        words = [f"const std::uint8_t *{port.name}_words" for port in self.network.outputs]
        return _signature("decode", self.passed, self.outputs, words)

    # the source

    def _source(self, functions: list[str], tables: str, separate: bool) -> str:
        body = "\n".join(functions)
        helpers = helper_text(self.values.helpers)
        text = helpers + body + tables
        aliases = [
            line
            for line, sign in (
                ("typedef std::vector<double> Reals;\n", "Reals"),
                ("typedef std::vector<std::int64_t> Integers;\n", "Integers"),
                ("const double infinity = std::numeric_limits<double>::infinity();\n", "infinity"),
                ("const double not_a_number = std::numeric_limits<double>::quiet_NaN();\n", "not_a_number"),
            )
            if sign in text
        ]
        constants = '#include "host_constants.h"\n' if separate else tables
        scope = f"namespace {{\n\n{''.join(aliases)}{helpers}\n{constants}\n}}  // namespace\n"
        headers = "".join(f"#include <{name}>\n" for name in _headers(text + "".join(aliases)))
        return (
            f'#include "host.h"\n\n{headers}{_EXACT}\nnamespace {self.space} {{\n{scope}\n{body}\n'
            f"}}  // namespace {self.space}\n"
        )

    def _function(
        self, function: HostFunction, name: str, arguments: Sequence[Tensor], results: Sequence[Tensor]
    ) -> str:
        lines: Lines = []
        for tensor, value in zip(arguments, function.arguments, strict=True):
            self.values.texts[value] = tensor.name
            if tensor.element == "float":  # all arithmetic is that of doubles
                local = self.names.fresh("x")
                self.values.texts[value] = local
                lines.append(f"const Reals {local}({tensor.name}, {tensor.name} + {tensor.size});")
        for op in function.operations:
            lines += self._operation(op)
        for tensor, value in zip(results, function.results, strict=True):
            lines.append(f"std::copy_n(&{self.values.array(value)}[0], {tensor.size}, {tensor.name});")
        unused = [t.name for t, v in zip(arguments, function.arguments, strict=True) if not any(v.uses)]
        lines = [*(f"static_cast<void>({name});" for name in unused), *lines]
        return _definition(_signature(name, arguments, results), lines)

    def _operation(self, op: Operation) -> Lines:
        """The statements of one operation; a constant is computed once."""
        values = self.values
        if isinstance(op, qnn.ConstantOp):
            values.constants.add(op.result)
            return []
        if isinstance(op, qnn.ReshapeOp):
            values.texts[op.result] = values.array(op.x)
            values.constants |= set() if values.depends(op) else {op.result}
            return [f"// {describe(op)} of the same elements"]
        if isinstance(op, qnn.TopKOp):
            best, indices = (self.names.fresh(wish) for wish in ("best", "indices"))
            values.texts |= {op.values: best, op.indices: indices}
            declared = [_declaration(op.values, best), _declaration(op.indices, indices)]
            return [f"// {describe(op)}", *declared, *top_k(op, values, best, indices)]
        name = self.names.fresh(result_name(op))
        (result,) = op.results
        values.texts[result] = name
        lines = [_declaration(result, name), *_scoped(self._body(op, name))]
        if not values.depends(op):
            values.constants.add(result)
            once = [f"static const {vector_of(result)} {name} = []() {{", *(f"  {line}" for line in lines)]
            lines = [*once, f"  return {name};", "}();"]
        return [f"// {describe(op)}", *lines]

    def _body(self, op: Operation, name: str) -> Lines:
        if (formula := FORMULAS.get(type(op))) is not None:
            spelling = CppSpelling(self.values, op)
            return spelling.lines(name, formula(op, spelling))
        if (body := BODIES.get(type(op))) is not None:
            return body(op, self.values, name)
        raise UserError(f"{op.name} is no operation of host code")

    def _pack(self, port: Port, tensor: Tensor) -> str:
        nest, element, position = _stream_order(port, tensor.name)
        lo, hi = (literal(max(-(1 << 63), min(bound, (1 << 63) - 1))) for bound in port.bounds)
        self.values.helpers |= {"checked", "write_bits"}
        written = f"write_bits(words, {position}, {port.bits}, checked({element}, {lo}, {hi}));"
        body = [f"std::fill_n(words, {port.frame_bytes}, std::uint8_t(0));", *nest.print([written])]
        return _definition(_pack_signature(port, tensor), body)

    def _unpack(self, port: Port, tensor: Tensor) -> str:
        nest, element, position = _stream_order(port, tensor.name)
        self.values.helpers.add("read_bits")
        signed = "true" if port.signed else "false"
        read = f"{element} = read_bits(words, {position}, {port.bits}, {signed});"
        return _definition(_unpack_signature(port, tensor), nest.print([read]))

    def _encode(self) -> str:
        arguments = [t.name for t in self.inputs] + [f"&{t.name}[0]" for t in self.fed]
        lines = [f"std::vector<std::int64_t> {t.name}({t.size});" for t in self.fed]
        lines.append(f"prologue({', '.join([*arguments, *(t.name for t in self.bypassing)])});")
        ports = zip(self.network.inputs, self.fed, strict=True)
        lines += [f"pack_{port.name}(&{tensor.name}[0], {port.name}_words);" for port, tensor in ports]
        return _definition(self._encode_signature, lines)

    def _decode(self) -> str:
        lines = [f"std::vector<std::int64_t> {t.name}({t.size});" for t in self.read]
        ports = zip(self.network.outputs, self.read, strict=True)
        lines += [f"unpack_{port.name}({port.name}_words, &{tensor.name}[0]);" for port, tensor in ports]
        arguments = [*(f"&{t.name}[0]" for t in self.read), *(t.name for t in (*self.passed, *self.outputs))]
        return _definition(self._decode_signature, [*lines, f"epilogue({', '.join(arguments)});"])


def _tensors(onnx: Sequence[str], tensors: Sequence[SSAValue], names: Names, *, argument: bool = False) -> list[Tensor]:
    pairs = zip(onnx, tensors, strict=True)
    return [Tensor(names.fresh(legal(name), "tensor"), name, value, argument) for name, value in pairs]


def _scoped(lines: Lines) -> Lines:
    """Lines that declare variables as a block of their own."""
    declares = any(line.startswith(("const ", "double ", "std::int64_t ", "int ")) for line in lines)
    return ["{", *(f"  {line}" for line in lines), "}"] if declares else lines


def _size(tensor: Tensor) -> str:
    shape = shape_text(shape_of(tensor.value))
    return f"static const std::size_t {tensor.name}_elements = {tensor.size};  // {quoted(tensor.onnx)}: {shape}\n"


def _described(port: Port) -> str:
    elements = f"{port.lanes} element{'s' * (port.lanes != 1)} of {port.bits} bit{'s' * (port.bits != 1)}"
    words = f"{port.beats} word{'s' * (port.beats != 1)} of {port.word_bytes} byte{'s' * (port.word_bytes != 1)}"
    return f"Port {quoted(port.name)}: {words}, each {elements}, the first in the lowest bits."


def _signature(name: str, read: Sequence[Tensor], written: Sequence[Tensor], words: Sequence[str] = ()) -> str:
    parameters = [f"const {t.element} *{t.name}" for t in read]
    outputs = [f"{t.element} *{t.name}" for t in written]
    # what goes to the accelerator comes last of the outputs' side, what comes from it first
    parameters = [*words, *parameters, *outputs] if name == "decode" else [*parameters, *words, *outputs]
    one_line = f"void {name}({', '.join(parameters)})"
    if len(one_line) <= 116:
        return one_line
    pad = " " * len(f"void {name}(")
    return f"void {name}(" + f",\n{pad}".join(parameters) + ")"


def _pack_signature(port: Port, tensor: Tensor) -> str:
    return f"void pack_{port.name}(const std::int64_t *{tensor.name}, std::uint8_t *words)"


def _unpack_signature(port: Port, tensor: Tensor) -> str:
    return f"void unpack_{port.name}(const std::uint8_t *words, std::int64_t *{tensor.name})"


def _definition(signature: str, lines: Lines) -> str:
    return f"{signature} {{\n" + "".join(f"  {line}\n" for line in lines) + "}\n"


def _declaration(value: SSAValue, name: str) -> str:
    size = 1
    for n in shape_of(value):
        size *= n
    return f"{vector_of(value)} {name}({size});"


def _stream_order(port: Port, tensor: str) -> tuple[Nest, str, str]:
    """A nest over the elements of a port in stream order, an element of the tensor and its bit position."""
    strides = row_major(port.shape)
    shape = tuple(port.shape[p] for p in port.perm)
    order = row_major((*shape[:-1], port.channels))
    nest = Nest(shape)
    element = nest.element(View(tensor, tuple(strides[p] for p in port.perm)))
    word = 8 * port.word_bytes
    if word == port.bits * port.lanes or port.lanes == 1:
        return nest, element, nest.position(tuple(stride * word // port.lanes for stride in order))
    number = nest.position(order)
    return nest, element, f"({number}) / {port.lanes} * {word} + ({number}) % {port.lanes} * {port.bits}"


def _headers(text: str) -> list[str]:
    """What the file uses of the standard library."""
    signs = {
        "algorithm": ("std::copy_n", "std::fill", "std::min(", "std::max(", "std::stable_sort", "std::upper_bound"),
        "cmath": ("std::rint", "std::f", "std::c", "std::e", "std::s", "std::log", "std::t", "std::pow"),
        "limits": ("numeric_limits",),
        "sstream": ("ostringstream",),
        "stdexcept": ("invalid_argument",),
        "vector": ("std::vector",),
    }
    return [name for name, used in signs.items() if any(sign in text for sign in used)]
