"""Names from a model are harmless wherever they are printed."""

import shutil
import subprocess

import pytest

from qnn_ir.emit.text import identifier, quoted, tcl_word

HOSTILE = ["a*/ b", "/* x", "tail\\", "??/", "line\nbreak", "größe", "x" * 500, '"; exit', "a\r#include <x>", "*/*/*/"]


@pytest.mark.parametrize("name", HOSTILE)
def test_quoted_is_one_harmless_line(name: str) -> None:
    text = quoted(name)
    assert text.isascii()
    assert text.isprintable()
    assert text[0] == text[-1] == '"'
    assert len(text) < 200
    assert not any(bad in text for bad in ("*/", "/*", "??"))


@pytest.mark.parametrize("name", ["", "1x", "a b", "a-b", "größe", "a__b", "x;"])
def test_identifiers_are_asserted(name: str) -> None:
    with pytest.raises(ValueError, match="identifier"):
        identifier(name)


tclsh = pytest.mark.skipif(shutil.which("tclsh") is None, reason="needs tclsh")


@tclsh
@pytest.mark.parametrize(
    "text", ["plain", "a b", "$x", "[exit 3]", "{", "}", 'q"q', "back\\slash", "größe", "a;b", "#c", "\n"]
)
def test_tcl_words_survive(text: str) -> None:
    script = f"fconfigure stdout -encoding utf-8\nputs -nonewline {tcl_word(text)}\n"
    done = subprocess.run(["tclsh"], input=script, capture_output=True, text=True, check=True, encoding="utf-8")
    assert done.stdout == text
