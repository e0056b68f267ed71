"""
Checks the HLS pragmas of generated C++, which neither gcc nor clang looks at: options and their values, placement,
names in scope, factors that divide, the canonical form of dataflow regions. Grammar: `pragma_grammar` (UG1399).

`python -m qnn_ir.emit.pragma_check FILE...` prints what it finds and exits with 1 if it found something.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from qnn_ir.emit.cpp_structure import Block, PragmaLine, Statement, Variable, evaluate, parse
from qnn_ir.emit.cpp_tokens import Token, words_of
from qnn_ir.emit.dataflow_check import dataflow_problems
from qnn_ir.emit.pragma_grammar import BUNDLE_MODES, CONTROL_MODES, PRAGMAS, Option, Place, Pragma, Value


@dataclass(frozen=True, order=True)
class Finding:
    """One problem and the line it is on."""

    line: int
    message: str


Given = Mapping[str, tuple[Token, ...]]
"""The options of one pragma line and their values (a flag's is empty)."""


def check(source: str) -> list[Finding]:
    """Everything wrong with the pragmas of this C++ text, in the order of its lines."""
    findings: list[Finding] = []
    for block in _prefixes(parse(source)):
        *_, last = block.items
        assert isinstance(last, PragmaLine)
        findings += [Finding(last.line, message) for message in _pragma_problems(last, block)]
    for line, message in dataflow_problems(parse(source)):
        findings.append(Finding(line, message))
    return sorted(findings)


def _prefixes(block: Block) -> Iterator[Block]:
    """The tree as it is at each of its pragmas: every yielded block ends with one, so later names are not seen."""
    items, block.items = block.items, []
    for item in items:
        block.items.append(item)
        if isinstance(item, PragmaLine):
            yield block
        elif isinstance(item, Block):
            yield from _prefixes(item)


def _pragma_problems(line: PragmaLine, block: Block) -> Iterator[str]:
    tokens = words_of(line.text, line.line)
    name = tokens[0].text.upper() if tokens else ""
    pragma = PRAGMAS.get(name)
    if pragma is None:
        yield f"unknown pragma '{name}'"
        return
    given, problems = _options(tokens[1:], pragma)
    yield from (f"{name}: {problem}" for problem in problems)
    yield from (f"{name}: option '{r}' is missing" for r in pragma.required if r not in given)
    for option, value in given.items():
        problem = _value_problem(option, pragma.options[option], value, block)
        if problem:
            yield f"{name}: {problem}"
    place = _place_problem(pragma, given, block)
    if place:
        yield f"{name}: {place}"
    yield from (f"{name}: {problem}" for problem in _special_problems(name, given, block))


def _options(tokens: Sequence[Token], pragma: Pragma) -> tuple[Given, list[str]]:
    given: dict[str, tuple[Token, ...]] = {}
    problems: list[str] = []
    i = 0
    while i < len(tokens):
        name, value = tokens[i].text, tuple[Token, ...]()
        has_value = i + 1 < len(tokens) and tokens[i + 1].text == "="
        end = i + 1
        if has_value:
            end = _end_of_value(tokens, i + 2)
            value = tuple(tokens[i + 2 : end])
        elif pragma.bare and name in pragma.options[pragma.bare].words:
            name, value = pragma.bare, (tokens[i],)
        i = end
        option = pragma.options.get(name)
        if option is None:
            problems.append(f"unknown option '{name}'")
        elif name in given:
            problems.append(f"option '{name}' is given twice")
        elif (option.value is Value.FLAG) == bool(value or has_value):
            problems.append(f"option '{name}' takes {'no' if option.value is Value.FLAG else 'a'} value")
        else:
            given[name] = value
    return given, problems


def _end_of_value(tokens: Sequence[Token], i: int) -> int:
    """Behind one value: a word, a number or an expression such as `4*n` or `(a+1)`."""
    depth = 0
    while i < len(tokens):
        depth += (tokens[i].text == "(") - (tokens[i].text == ")")
        i += 1
        is_operator = i > 0 and tokens[i - 1].text in ("+", "-", "*", "/", "%")
        continues = i < len(tokens) and tokens[i].text in ("+", "-", "*", "/", "%", ")")
        if depth == 0 and not is_operator and not continues:
            return i
    return i


def _value_problem(name: str, option: Option, value: Sequence[Token], block: Block) -> str | None:
    text = "".join(t.text for t in value)
    if option.value is Value.INTEGER:
        number = evaluate(value, block)
        if number is None:
            return f"{name}={text} is not a constant integer"
        return f"{name}={text} is less than {option.least}" if number < option.least else None
    if option.value is Value.WORD:
        address = evaluate(value, block) if name == "offset" else None
        is_address = address is not None and address >= 0
        if option.words and text not in option.words and not is_address:
            return f"{name}={text} is none of {', '.join(sorted(option.words))}"
        return None
    if option.value is Value.VARIABLE:
        return None if block.lookup(text) else f"{name}={text} is not declared before, in this scope"
    if option.value is Value.PORT and text != "return":
        found = block.lookup(text)
        return None if found and found[0].is_parameter else f"{name}={text} is not a parameter of the function"
    return None


def _place_problem(pragma: Pragma, given: Given, block: Block) -> str | None:
    if pragma.place is Place.VARIABLE:
        return _variable_place_problem(given, block)
    inside = _enclosing(block, "function")
    if pragma.place is Place.ANYWHERE:
        return None if inside else "stands outside of a function"
    allowed = {
        Place.FUNCTION: ("function",),
        Place.LOOP: ("loop",),
        Place.FUNCTION_OR_LOOP: ("function", "loop"),
    }[pragma.place]
    if block.kind not in allowed:
        return f"stands in no {' or '.join(allowed)} body"
    if any(isinstance(item, Block | Statement) for item in block.items):
        return f"stands behind a statement of the {block.kind} body"
    return None


def _variable_place_problem(given: Given, block: Block) -> str | None:
    if not _enclosing(block, "function"):
        return "stands outside of a function"
    variable = _variable(given, block)
    if variable is None:
        return None  # reported as not declared
    declared, home = variable
    if home is block or (block.kind == "function" and home.kind in ("file", "namespace")):
        return None
    return f"stands in another block than the declaration of '{declared.name}' (line {declared.line})"


def _enclosing(block: Block | None, kind: str) -> Block | None:
    while block is not None and block.kind != kind:
        block = block.parent
    return block


def _variable(given: Given, block: Block) -> tuple[Variable, Block] | None:
    value = given.get("variable")
    return block.lookup("".join(t.text for t in value)) if value else None


def _word(given: Given, name: str) -> str:
    return "".join(t.text for t in given.get(name, ()))


def _special_problems(name: str, given: Given, block: Block) -> Iterator[str]:
    """Rules that look at several options or at the variable's type."""
    found = _variable(given, block)
    if name in ("ARRAY_PARTITION", "ARRAY_RESHAPE") and found:
        yield from _partition_problems(given, found[0], block)
    elif name == "STREAM" and found and not (found[0].is_stream or found[0].shape):
        yield f"'{found[0].name}' is neither a stream nor an array"
    elif name == "BIND_STORAGE" and found:
        yield from _storage_problems(given, found[0])
    elif name == "INTERFACE":
        yield from _interface_problems(given, block)
    elif name in ("LATENCY", "LOOP_TRIPCOUNT"):
        bounds = [evaluate(given[b], block) for b in ("min", "avg", "max") if b in given]
        numbers = [b for b in bounds if b is not None]
        if numbers != sorted(numbers):
            yield "min, avg and max are not in this order"
    elif name == "UNROLL" and not given.keys() - {"skip_exit_check"} and "skip_exit_check" in given:
        yield "skip_exit_check needs a factor"


def _partition_problems(given: Given, array: Variable, block: Block) -> Iterator[str]:
    if not array.shape:
        yield f"'{array.name}' is not an array"
        return
    kind = _word(given, "type")
    if kind in ("block", "cyclic") and "factor" not in given:
        yield f"type={kind} needs a factor"
    if kind == "complete" and "factor" in given:
        yield "type=complete takes no factor"
    dim = evaluate(given["dim"], block) if "dim" in given else 1
    factor = evaluate(given["factor"], block) if "factor" in given else None
    if dim is not None and dim > len(array.shape):
        yield f"dim={dim} is beyond the {len(array.shape)} dimensions of '{array.name}'"
    elif dim is not None and dim >= 0 and factor:
        for size in array.shape if dim == 0 else (array.shape[dim - 1],):
            if size is not None and size % factor:
                yield f"factor={factor} does not divide the {size} elements of '{array.name}'"


def _storage_problems(given: Given, variable: Variable) -> Iterator[str]:
    kind = _word(given, "type")
    if variable.is_stream != (kind == "fifo"):
        yield f"type={kind} does not fit '{variable.name}', which is {'a' if variable.is_stream else 'no'} stream"
    if not variable.is_stream and not variable.shape:
        yield f"'{variable.name}' is not an array"
    if kind.startswith("rom") and not variable.is_const:
        yield f"type={kind} needs a constant array"


def _interface_problems(given: Given, block: Block) -> Iterator[str]:
    mode, port = _word(given, "mode"), _word(given, "port")
    found = block.lookup(port)
    if mode in CONTROL_MODES and port != "return":
        yield f"mode={mode} needs port=return"
    if port == "return" and mode not in CONTROL_MODES | {"s_axilite"}:
        yield f"mode={mode} does not fit port=return"
    if mode == "axis" and found and not (found[0].is_stream or found[0].is_pointer or found[0].shape):
        yield f"mode=axis needs a stream, '{port}' is {found[0].type}"
    if mode == "m_axi" and found and not (found[0].is_pointer or found[0].shape):
        yield f"mode=m_axi needs a pointer or an array, '{port}' is {found[0].type}"
    if mode in ("s_axilite", "ap_none", "ap_stable") and found and found[0].is_stream:
        yield f"mode={mode} does not fit the stream '{port}'"
    if mode not in BUNDLE_MODES:
        yield from (f"{option} does not fit mode={mode}" for option in ("bundle", "offset") if option in given)
    earlier = [words_of(i.text) for i in block.items[:-1] if isinstance(i, PragmaLine)]
    for words in earlier:
        if words and words[0].text.upper() == "INTERFACE":
            other = _options(words[1:], PRAGMAS["INTERFACE"])[0]
            if (_word(other, "mode"), _word(other, "port")) == (mode, port):
                yield f"mode={mode} port={port} is given twice"


def main(files: Sequence[str]) -> int:
    """Prints the findings of all files; 1 if there are any."""
    count = 0
    for file in files:
        for finding in check(Path(file).read_text(encoding="utf-8")):
            print(f"{file}:{finding.line}: {finding.message}")
            count += 1
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
