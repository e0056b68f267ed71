"""`host.h` and `host.cpp`: the host side of an accelerator in plain C++14, frame by frame."""

from collections.abc import Sequence

from qnn_ir.emit.host.cpp_functions import function_text
from qnn_ir.emit.host.cpp_helpers import helper_text
from qnn_ir.emit.host.cpp_interface import Interface, header_text
from qnn_ir.emit.host.cpp_values import CppValues
from qnn_ir.emit.host.cpp_words import word_functions
from qnn_ir.emit.host.network import HostNetwork

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
_ALIASES = {
    "Reals": "typedef std::vector<double> Reals;\n",
    "Integers": "typedef std::vector<std::int64_t> Integers;\n",
    "infinity": "const double infinity = std::numeric_limits<double>::infinity();\n",
    "not_a_number": "const double not_a_number = std::numeric_limits<double>::quiet_NaN();\n",
}
_STANDARD = {
    "algorithm": ("std::copy_n", "std::fill", "std::min(", "std::max(", "std::stable_sort", "std::upper_bound"),
    "cmath": ("std::rint", "std::f", "std::ceil", "std::copysign", "std::e", "std::sqrt", "std::log", "std::t",
              "std::pow"),
    "limits": ("numeric_limits",),
    "sstream": ("ostringstream",),
    "stdexcept": ("invalid_argument",),
    "vector": ("std::vector",),
}  # fmt: skip
"""Headers of the standard library, and what is used of them."""


def cpp_files(network: HostNetwork, banner: str) -> dict[str, str | bytes]:
    """`host.h`, `host.cpp` and, where constants are many, `host_constants.h`."""
    values = CppValues()
    interface = Interface(network, values.names)
    to_accelerator = [*interface.to_accelerator, *interface.bypassing]
    from_accelerator = [*interface.from_accelerator, *interface.bypassed]
    functions = [
        function_text(network.prologue, interface.prologue, interface.inputs, to_accelerator, values),
        function_text(network.epilogue, interface.epilogue, from_accelerator, interface.outputs, values),
        *word_functions(interface, values),
    ]
    tables = "\n".join(values.tables)
    separate = len(tables) > _TABLES_INLINE
    files: dict[str, str | bytes] = {
        "host.h": banner + header_text(interface),
        "host.cpp": banner + _source(interface.space, functions, values, "" if separate else tables),
    }
    if separate:
        note = "// Constants of host.cpp, which is the one file to include them.\n\n"
        files["host_constants.h"] = banner + note + tables
    return files


def _source(space: str, functions: Sequence[str], values: CppValues, tables: str) -> str:
    """`host.cpp` below its banner; without `tables` the constants are in a file of their own."""
    constants = tables if tables or not values.tables else '#include "host_constants.h"\n'
    body = "\n".join(functions)
    local = helper_text(values.helpers) + (f"\n{constants}" if constants else "")
    used = "".join(line for name, line in _ALIASES.items() if name in local + body)
    text = used + local + body
    headers = [f"#include <{name}>\n" for name, signs in _STANDARD.items() if any(sign in text for sign in signs)]
    return (
        f'#include "host.h"\n\n{"".join(headers)}{_EXACT}\nnamespace {space} {{\nnamespace {{\n\n{used}{local}\n'
        f"}}  // namespace\n\n{body}\n}}  // namespace {space}\n"
    )
