"""Identifiers: legal in three languages, unique without case, deterministic."""

import keyword
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qnn_ir.analysis.identifiers import LONGEST, RESERVED, Names, legal


@given(st.text())
def test_any_text_becomes_legal(text: str):
    """Every answer is an identifier, no reserved word, and stays itself when legalised again."""
    name = legal(text)
    assert re.fullmatch(r"[A-Za-z](_?[A-Za-z0-9])*", name)
    assert name.lower() not in RESERVED
    assert len(name) <= LONGEST
    assert legal(name) == name


@given(st.lists(st.text("aA_0 é", max_size=4)))
def test_names_differ_in_more_than_case(texts: list[str]):
    """Whatever is asked for, all answers differ."""
    names = Names()
    answers = [names.take(text) for text in texts]
    assert len({a.lower() for a in answers}) == len(answers)
    assert all(a.lower() not in RESERVED and legal(a) == a for a in answers)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("fc0", "fc0"),
        ("/model/conv1/Conv", "model_conv1_Conv"),
        ("join", "join_0"),
        ("Buf", "Buf_0"),
        ("7seg", "n_7seg"),
        ("__x__", "x"),
        ('"; system("rm -rf")', "system_rm_rf"),
        ("层", "n"),
        ("a" * 100, "a" * LONGEST),
    ],
)
def test_examples(name: str, expected: str):
    """Typical and hostile names."""
    assert legal(name) == expected


def test_long_names_stay_apart():
    """Names that agree in their first 64 characters are numbered within the limit."""
    names = Names()
    assert [names.take("a" * 70), names.take("a" * 80)] == ["a" * 64, "a" * 62 + "_1"]


def test_an_inner_scope_avoids_outer_names():
    """A memory is never called like a process; two processes may both have a memory `weights`."""
    outer = Names()
    outer.take("fc0")
    first, second = Names(outer), Names(outer)
    assert [first.take("FC0"), first.take("weights"), second.take("weights")] == ["FC0_1", "weights", "weights"]


def test_python_keywords_that_are_shared():
    """A spot check of the lists against an independent source: words that Python and C++ share."""
    shared = {"and", "or", "not", "if", "else", "for", "while", "return", "try", "break", "continue", "class"}
    assert shared <= set(keyword.kwlist)
    assert shared <= RESERVED
