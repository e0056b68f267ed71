"""
The functions that a generated `host.py` brings along, each only where it is used.

They are printed from their files as they stand, so they know NumPy and each other and nothing else.
"""

import inspect
from collections.abc import Collection
from types import ModuleType
from typing import Any

from qnn_ir.emit.host import python_functions, python_windows, python_words


def _helpers(module: ModuleType) -> dict[str, Any]:
    """Functions and classes that the module defines, in its order."""
    members = vars(module).items()
    return {
        name: value
        for name, value in members
        if getattr(value, "__module__", "") == module.__name__ and callable(value)
    }


_HELPERS = _helpers(python_words) | _helpers(python_functions) | _helpers(python_windows)
_WORDS = ("pack_piece", "unpack_piece", "word_groups", "join_lanes", "split_lanes")
_NEEDS = {
    "window_sizes": ("window_sums",),
    "pack": ("Port", "pack_words", *_WORDS),
    "unpack": ("Port", "unpack_words", *_WORDS),
    **dict.fromkeys(("convolve", "deconvolve", "window_sums", "window_maxima"), ("Window",)),
}
HELPER_NAMES = frozenset(_HELPERS)


def helper_text(used: Collection[str]) -> str:
    """The source of the helpers `used` and of those they need, in their order here."""
    wanted = set(used)
    for _ in range(2):  # the longest chain is window_sizes, window_sums, Window
        wanted = wanted.union(*(_NEEDS.get(name, ()) for name in wanted))
    chosen = [_HELPERS[name] for name in _HELPERS if name in wanted]
    return "".join(f"\n\n{inspect.getsource(helper)}" for helper in chosen)
