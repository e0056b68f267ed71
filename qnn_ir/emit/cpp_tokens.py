"""Tokens of generated C++: comments dropped, conditionals resolved as synthesis sees them, HLS pragmas kept."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

_PUNCTUATION = ("<<=", "...", "::", "->", "++", "--", "<<", "<=", ">=", "==", "!=", "&&", "||", "+=", "-=", "*=")
_MORE_PUNCTUATION = ("/=", "%=", "&=", "|=", "^=")
# `>>` is left as two tokens: most are the ends of template argument lists.

_WORD = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


@dataclass(frozen=True)
class Token:
    """`kind` is "name", "number", "string", "punctuation" or "pragma" (its text: what follows `#pragma HLS`)."""

    kind: str
    text: str
    line: int


def tokenize(source: str) -> list[Token]:
    """All tokens that synthesis sees; object-like macros are replaced."""
    tokens: list[Token] = []
    macros: dict[str, list[Token]] = {"__SYNTHESIS__": []}
    active = [True]
    for line, text in _logical_lines(source):
        if not text.lstrip().startswith("#"):
            if all(active):
                tokens += [t for word in _words(text, line) for t in _expand(word, macros)]
            continue
        words = list(_words(text.lstrip()[1:], line))
        if _condition(words, macros, active) or not all(active) or not words:
            continue
        if words[0].text == "define" and len(words) > 1:
            macros[words[1].text] = words[2:]
        elif words[0].text == "pragma" and len(words) > 1 and words[1].text.upper() == "HLS":
            tokens.append(Token("pragma", text.split(words[1].text, 1)[1].strip(), line))
    return tokens


def words_of(text: str, line: int = 0) -> list[Token]:
    """The tokens of one piece of text without directives."""
    return list(_words(text, line))


def _expand(token: Token, macros: Mapping[str, Sequence[Token]]) -> list[Token]:
    if token.kind != "name" or token.text not in macros:
        return [token]
    return [Token(t.kind, t.text, token.line) for t in macros[token.text]]


def _condition(words: Sequence[Token], macros: Mapping[str, Sequence[Token]], active: list[bool]) -> bool:
    """Handles #if and its kin; whether the directive was one of them."""
    names = [w.text for w in words]
    match names:
        case ["ifdef", name, *_]:
            active.append(name in macros)
        case ["ifndef", name, *_]:
            active.append(name not in macros)
        case ["if", *condition]:
            active.append(_truth(condition, macros))
        case ["else"] if len(active) > 1:
            active[-1] = not active[-1]
        case ["endif"] if len(active) > 1:
            active.pop()
        case _:
            return False
    return True


def _truth(condition: Sequence[str], macros: Mapping[str, Sequence[Token]]) -> bool:
    """`#if` of a number or of [!]defined(NAME); anything else is taken."""
    negated = bool(condition) and condition[0] == "!"
    rest = [c for c in condition if c not in ("!", "(", ")")]
    if len(rest) == 2 and rest[0] == "defined":
        return (rest[1] in macros) != negated
    return rest != ["0"]


def _logical_lines(source: str) -> Iterator[tuple[int, str]]:
    """Lines without comments, continued lines joined, each with its first line's number."""
    pending, first = "", 1
    for number, line in enumerate(_without_comments(source).split("\n"), 1):
        if not pending:
            first = number
        if line.endswith("\\"):
            pending += line[:-1] + " "
            continue
        yield first, pending + line
        pending = ""
    if pending:
        yield first, pending


def _without_comments(source: str) -> str:
    """Comments as blanks, their line breaks kept, strings left alone."""
    out: list[str] = []
    i = 0
    while i < len(source):
        if source[i] in "\"'":
            end = _end_of_string(source, i)
            out.append(source[i:end])
        elif source.startswith("//", i):
            end = source.find("\n", i)
            end = len(source) if end < 0 else end
        elif source.startswith("/*", i):
            end = source.find("*/", i) + 2
            end = len(source) if end < 2 else end
            out.append(" " + "\n" * source.count("\n", i, end))
        else:
            end = i + 1
            out.append(source[i])
        i = end
    return "".join(out)


def _end_of_string(text: str, start: int) -> int:
    i = start + 1
    while i < len(text) and text[i] != text[start]:
        i += 2 if text[i] == "\\" else 1
    return min(i + 1, len(text))


def _words(text: str, line: int) -> Iterator[Token]:
    i = 0
    while i < len(text):
        c = text[i]
        end = i + 1
        if c.isspace():
            i = end
            continue
        if c in "\"'":
            end = _end_of_string(text, i)
            kind = "string"
        elif c in _WORD:
            while end < len(text) and text[end] in _WORD:
                end += 1
            kind = "number" if c.isdigit() else "name"
        else:
            kind = "punctuation"
            end = next((i + len(p) for p in _PUNCTUATION + _MORE_PUNCTUATION if text.startswith(p, i)), end)
        yield Token(kind, text[i:end], line)
        i = end
