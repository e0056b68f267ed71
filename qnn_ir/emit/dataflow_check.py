"""
The canonical form of dataflow regions (UG1399, "Canonical Forms"): declarations and calls only, arguments that are
names or constants, and every channel written by one call and read by one later call.
"""

from collections.abc import Iterator, Mapping, Sequence

from qnn_ir.emit.cpp_structure import Block, PragmaLine, Statement, Variable, split_commas
from qnn_ir.emit.cpp_tokens import Token

_READS = frozenset({"read", "read_nb", "empty", "size"})
_WRITES = frozenset({"write", "write_nb", "full"})

Problem = tuple[int, str]
Call = tuple[Token, list[list[Token]]]


def dataflow_problems(root: Block) -> Iterator[Problem]:
    """Line and text of what is not canonical in any function with a DATAFLOW pragma."""
    functions = {b.name: b for b in root.blocks() if b.kind == "function"}
    for block in root.blocks():
        if any(isinstance(i, PragmaLine) and i.text.split()[:1] == ["DATAFLOW"] for i in block.items):
            yield from _region_problems(block, functions)


def _region_problems(region: Block, functions: Mapping[str, Block]) -> Iterator[Problem]:
    calls: list[Call] = []
    for item in region.items:
        if isinstance(item, Block):
            yield item.line, "DATAFLOW: the region holds something other than declarations and calls"
        elif isinstance(item, Statement):
            call = _call(item.tokens)
            if call is None:
                yield item.line, "DATAFLOW: the region holds something other than declarations and calls"
            else:
                calls.append(call)
                yield from _argument_problems(call)
    for variable in (i for i in region.items if isinstance(i, Variable)):
        if variable.is_stream or (variable.shape and not variable.is_const):
            yield from _channel_problems(variable, calls, functions)
    for parameter in (p for p in region.declared if p.is_stream):
        users = [call[0].text for call in calls if _position(call, parameter.name)]
        if len(users) != 1:
            yield parameter.line, f"DATAFLOW: stream '{parameter.name}' is passed to {len(users)} calls, not to one"


def _argument_problems(call: Call) -> Iterator[Problem]:
    """Arguments are names and constants: what is computed between the calls is a process that nobody declared."""
    name, arguments = call
    for argument in arguments:
        if len(argument) != 1 or argument[0].kind not in ("name", "number"):
            text = " ".join(token.text for token in argument)
            yield name.line, f"DATAFLOW: '{name.text}' is called with the expression '{text}'"


def _call(tokens: Sequence[Token]) -> Call | None:
    """`name(arguments)` and nothing else."""
    if len(tokens) < 3 or tokens[0].kind != "name" or tokens[1].text != "(" or tokens[-1].text != ")":
        return None
    depth = 0
    for token in tokens[1:-1]:
        depth += (token.text == "(") - (token.text == ")")
        if depth == 0:
            return None
    return tokens[0], split_commas(tokens[2:-1])


def _position(call: Call, name: str) -> list[int]:
    return [i for i, argument in enumerate(call[1]) if any(t.text == name for t in argument)]


def _channel_problems(channel: Variable, calls: Sequence[Call], functions: Mapping[str, Block]) -> Iterator[Problem]:
    kind = "stream" if channel.is_stream else "array"
    users = [(call, i) for call in calls for i in _position(call, channel.name)]
    if len(users) != 2:
        yield channel.line, f"DATAFLOW: {kind} '{channel.name}' is passed to {len(users)} calls, not to two"
        return
    if not channel.is_stream:
        return
    (first, first_use), (second, second_use) = [(c, _direction(c, i, functions)) for c, i in users]
    for call, use in ((first, first_use), (second, second_use)):
        if use == (True, True):
            yield call[0].line, f"DATAFLOW: '{call[0].text}' both reads and writes stream '{channel.name}'"
        if use == (False, False):
            yield call[0].line, f"DATAFLOW: '{call[0].text}' neither reads nor writes stream '{channel.name}'"
    if first_use == (True, False) and second_use == (False, True):
        yield channel.line, f"DATAFLOW: stream '{channel.name}' is feedback from '{second[0].text}'"
    for use, word in (((False, True), "written"), ((True, False), "read")):
        if first_use == second_use == use:
            yield channel.line, f"DATAFLOW: stream '{channel.name}' is {word} by two calls"


def _direction(call: Call, position: int, functions: Mapping[str, Block]) -> tuple[bool, bool] | None:
    """Whether the called function (reads, writes) its parameter; None when it is not defined in this file."""
    function = functions.get(call[0].text)
    if function is None or position >= len(function.declared):
        return None
    name = function.declared[position].name
    reads = writes = False
    for block in function.blocks():
        for item in block.items:
            tokens = item.tokens if isinstance(item, Statement) else item.initial if isinstance(item, Variable) else ()
            r, w = _accesses(tokens, name)
            reads, writes = reads or r, writes or w
            inner = _call(tokens) if isinstance(item, Statement) else None
            for i in _position(inner, name) if inner and inner[0].text != function.name else ():
                passed = _direction(inner, i, functions) if inner else None
                reads, writes = reads or bool(passed and passed[0]), writes or bool(passed and passed[1])
    return reads, writes


def _accesses(tokens: Sequence[Token], name: str) -> tuple[bool, bool]:
    reads = writes = False
    for i, token in enumerate(tokens):
        if token.text != name:
            continue
        after = [t.text for t in tokens[i + 1 : i + 3]]
        reads |= after[:1] == ["."] and after[1:] != [] and after[1] in _READS
        writes |= after[:1] == ["."] and after[1:] != [] and after[1] in _WRITES
        writes |= after[:1] == ["<<"]
        reads |= after == [">", ">"]
    return reads, writes
