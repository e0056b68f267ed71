"""C++ identifiers of what has no name in the IR: locals of a function, all different and none reserved."""

import re

_LEGAL = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")

_KEYWORDS = """
alignas alignof and and_eq asm auto bitand bitor bool break case catch char char16_t char32_t class compl const
const_cast constexpr continue decltype default delete do double dynamic_cast else enum explicit export extern false
float for friend goto if inline int long mutable namespace new noexcept not not_eq nullptr operator or or_eq private
protected public register reinterpret_cast return short signed sizeof static static_assert static_cast struct switch
template this thread_local throw true try typedef typeid typename union unsigned using virtual void volatile wchar_t
while xor xor_eq
"""
_OURS = """
main std hls ap_int ap_uint frame frames popcount bit_plane signed_element unsigned_element joined round_half_even
clamp rom_word read_words write_words run run_processes feed drain load store fail to_word to_bytes
"""
RESERVED = frozenset((_KEYWORDS + _OURS).split())
"""Keywords of C++14 and what every generated file uses itself."""


class Names:
    """Hands out identifiers of one scope."""

    def __init__(self, taken: "Names | None" = None):
        self._taken: set[str] = set(taken._taken) if taken else set(RESERVED)

    def fresh(self, wish: str | None, otherwise: str = "value") -> str:
        """`wish` itself where it is legal and free, else with a number; `otherwise` where it is no identifier."""
        stem = wish if wish and _LEGAL.match(wish) and "__" not in wish else otherwise
        name, number = stem, 0
        while name in self._taken:
            number += 1
            name = f"{stem}_{number}"
        self._taken.add(name)
        return name
