"""Text that comes from a model, made harmless for the languages we print: identifiers, comments, Tcl words."""

import re

_LONGEST_NAME = 160  # characters of a node name that a comment shows
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_TCL_SPECIAL = re.compile(r'[\\"$\[\]{};#]')


def identifier(name: str) -> str:
    """`name`, which must be a plain ASCII identifier already: names are legalised by a pass, never here."""
    if not _IDENTIFIER.match(name) or "__" in name:
        raise ValueError(f"not a legal identifier: {name!r}; run hlsc-legalize-names first")
    return name


def quoted(name: str, longest: int = _LONGEST_NAME) -> str:
    """
    `name` in double quotes, fit for a C++, Tcl or Verilog comment.

    One line of printable ASCII: no comment end, no trigraph and, because of the quotes, no backslash at its end.
    """
    text = ascii(name[:longest])[1:-1].replace("\\'", "'").replace('"', "'")
    for opening in ("*/", "/*", "??"):
        while opening in text:
            text = text.replace(opening, " ".join(opening))
    return f'"{text}..."' if len(name) > longest else f'"{text}"'


def tcl_word(text: str) -> str:
    """`text` as one Tcl word without any substitution."""
    escaped = _TCL_SPECIAL.sub(lambda match: "\\" + match.group(), text)
    return '"' + "".join(c if " " <= c <= "~" else _tcl_escape(c) for c in escaped) + '"'


def _tcl_escape(character: str) -> str:
    code = ord(character)
    if code > 0xFFFF:
        raise ValueError(f"Tcl 8 has no character U+{code:X}")
    return f"\\u{code:04x}"
