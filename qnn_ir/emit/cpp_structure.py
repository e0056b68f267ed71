"""The structure of generated C++ that pragmas refer to: functions, blocks, declarations, calls."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from qnn_ir.emit.cpp_constants import constant_value
from qnn_ir.emit.cpp_tokens import Token, tokenize

_QUALIFIERS = frozenset(
    ["static", "const", "constexpr", "volatile", "inline", "extern", "register", "mutable", "typename", "struct"]
)
_BUILTIN = frozenset(["void", "bool", "char", "short", "int", "long", "float", "double", "unsigned", "signed", "auto"])
_NO_TYPE = frozenset(
    ["return", "break", "continue", "goto", "delete", "throw", "else", "case", "default", "using", "typedef"]
)
_LOOPS = frozenset({"for", "while", "do"})
_OPEN = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True)
class Variable:
    """
    A declared name; `shape` holds None for a dimension that is no constant; `value` is set for integer constants,
    `initial` is what stands behind the name."""

    name: str
    type: str
    line: int
    shape: tuple[int | None, ...] = ()
    is_pointer: bool = False
    is_const: bool = False
    is_parameter: bool = False
    value: int | None = None
    initial: tuple[Token, ...] = ()

    @property
    def is_stream(self) -> bool:
        return self.type.startswith(("hls::stream<", "stream<"))


@dataclass(frozen=True)
class PragmaLine:
    text: str
    line: int


@dataclass(frozen=True)
class Statement:
    tokens: tuple[Token, ...]

    @property
    def line(self) -> int:
        return self.tokens[0].line


@dataclass
class Block:
    """`kind`: "file", "namespace", "function", "loop" or "block". Items in the order of the text."""

    kind: str
    name: str = ""
    line: int = 0
    parent: "Block | None" = None
    declared: list[Variable] = field(default_factory=list[Variable])
    """Parameters, or the variables of a loop's head."""
    items: "list[Block | Variable | PragmaLine | Statement]" = field(
        default_factory=list["Block | Variable | PragmaLine | Statement"]
    )

    def lookup(self, name: str) -> "tuple[Variable, Block] | None":
        """The variable of this name seen at the end of what is parsed so far, and the block that declares it."""
        block: Block | None = self
        while block is not None:
            own = [*block.declared, *(i for i in block.items if isinstance(i, Variable))]
            for variable in reversed(own):
                if variable.name == name:
                    return variable, block
            block = block.parent
        return None

    def constant(self, name: str) -> int | None:
        """The value of the integer constant of this name."""
        found = self.lookup(name)
        return found[0].value if found else None

    def blocks(self) -> "Iterator[Block]":
        """This block and all below it, outermost first."""
        yield self
        for item in self.items:
            if isinstance(item, Block):
                yield from item.blocks()


def parse(source: str) -> Block:
    """The file as a tree. Anything not understood becomes a statement."""
    root = Block("file")
    _Parser(tokenize(source)).sequence(root)
    return root


def evaluate(tokens: Sequence[Token], scope: Block) -> int | None:
    """The value of a constant integer expression, None if it is not one."""
    return constant_value(tokens, scope.constant)


def split_commas(tokens: Sequence[Token]) -> list[list[Token]]:
    """The pieces between commas outside of all brackets, template brackets included."""
    pieces: list[list[Token]] = [[]]
    i = 0
    while i < len(tokens):
        token = tokens[i]
        end = i + 1
        if token.text in _OPEN:
            end = _match(tokens, i)
        elif token.text == "<":
            end = _match_angle(tokens, i) or end
        if token.text == ",":
            pieces.append([])
        else:
            pieces[-1] += tokens[i:end]
        i = end
    return [p for p in pieces if p]


def _match(tokens: Sequence[Token], start: int) -> int:
    """Behind the bracket that closes the one at `start`."""
    depth = 0
    for i in range(start, len(tokens)):
        if tokens[i].text in _OPEN:
            depth += 1
        elif tokens[i].text in _OPEN.values():
            depth -= 1
            if depth == 0:
                return i + 1
    return len(tokens)


def _match_angle(tokens: Sequence[Token], start: int) -> int | None:
    """Behind the `>` that closes the `<` at `start`; None when this is no template argument list."""
    depth, i = 0, start
    while i < len(tokens):
        text = tokens[i].text
        if text in (";", "{", "}", ")", "]", "&&", "||", "="):
            return None
        if text in ("(", "["):
            i = _match(tokens, i)
            continue
        depth += (text == "<") - (text == ">")
        i += 1
        if depth == 0:
            return i
    return None


def declarations(tokens: Sequence[Token], scope: Block, is_parameter: bool = False) -> list[Variable]:
    """The variables that a statement, a loop's head or a parameter declares; empty when it is no declaration."""
    head = _type(tokens)
    if head is None:
        return []
    type_text, is_const, rest = head
    variables: list[Variable] = []
    for piece in split_commas(rest):
        variable = _declarator(piece, type_text, is_const, scope, is_parameter)
        if variable is None:
            return []
        variables.append(variable)
    return variables


def _type(tokens: Sequence[Token]) -> tuple[str, bool, Sequence[Token]] | None:
    """The type at the start, whether it is const, and the tokens behind it."""
    i, parts, is_const = 0, list[str](), False
    while i < len(tokens):
        token = tokens[i]
        if token.text in _QUALIFIERS:
            is_const |= token.text in ("const", "constexpr")
            i += 1
        elif token.text in _BUILTIN:
            parts.append(token.text)
            i += 1
        elif token.kind == "name" and not parts and token.text not in _NO_TYPE:
            end = _class_type(tokens, i)
            parts.append("".join(t.text for t in tokens[i:end]))
            i = end
        else:
            break
    rest = tokens[i:]
    named = next((t for t in rest if t.text not in ("*", "&")), None)
    return (" ".join(parts), is_const, rest) if parts and named is not None and named.kind == "name" else None


def _class_type(tokens: Sequence[Token], i: int) -> int:
    """Behind a possibly qualified name with its template arguments."""
    while True:
        i += 1
        if i < len(tokens) and tokens[i].text == "<":
            i = _match_angle(tokens, i) or i
        if i + 1 >= len(tokens) or tokens[i].text != "::":
            return i
        i += 1


def _declarator(
    tokens: Sequence[Token], type_text: str, is_const: bool, scope: Block, is_parameter: bool
) -> Variable | None:
    i = 0
    while i < len(tokens) and tokens[i].text in ("*", "&"):
        i += 1
    if i >= len(tokens) or tokens[i].kind != "name":
        return None
    name, pointer = tokens[i], any(t.text == "*" for t in tokens[:i])
    i += 1
    shape: list[int | None] = []
    while i < len(tokens) and tokens[i].text == "[":
        end = _match(tokens, i)
        shape.append(evaluate(tokens[i + 1 : end - 1], scope))
        i = end
    if i < len(tokens) and tokens[i].text not in ("=", "(", "{"):
        return None
    constant = is_const and not shape and i < len(tokens) and tokens[i].text == "="
    value = evaluate(tokens[i + 1 :], scope) if constant else None
    return Variable(
        name.text, type_text, name.line, tuple(shape), pointer, is_const, is_parameter, value, tuple(tokens[i:])
    )


class _Parser:
    def __init__(self, tokens: Sequence[Token]):
        self.tokens, self.at = tokens, 0

    def peek(self, ahead: int = 0) -> str:
        i = self.at + ahead
        return self.tokens[i].text if i < len(self.tokens) and self.tokens[i].kind != "pragma" else ""

    def sequence(self, block: Block) -> None:
        """Items up to the closing brace of `block`."""
        while self.at < len(self.tokens) and self.peek() != "}":
            self.item(block)
        self.at += 1

    def item(self, block: Block) -> None:
        token = self.tokens[self.at]
        if token.kind == "pragma":
            self.at += 1
            block.items.append(PragmaLine(token.text, token.line))
        elif token.text == ";":
            self.at += 1
        elif token.text == "{":
            self.nested(block, "block")
        elif token.text == "namespace" or (token.text == "extern" and self.peek(2) == "{"):
            while self.peek() != "{":
                self.at += 1
            self.nested(block, "namespace")
        elif token.text in _LOOPS or token.text in ("if", "else", "switch"):
            self.control(block)
        elif token.text == "template":
            self.at = _match_angle(self.tokens, self.at + 1) or self.at + 1
        elif token.kind == "name" and self.peek(1) == ":":
            self.at += 2  # a label
        else:
            self.statement(block)

    def nested(self, parent: Block, kind: str, declared: Sequence[Token] = (), name: str = "") -> None:
        block = Block(kind, name, self.tokens[min(self.at, len(self.tokens) - 1)].line, parent)
        parent.items.append(block)
        if kind == "function":
            for piece in split_commas(declared):
                block.declared += declarations(piece, parent, is_parameter=True)
        else:
            block.declared += declarations(declared, parent)
        if self.peek() == "{":
            self.at += 1
            self.sequence(block)
        elif self.at < len(self.tokens):
            self.item(block)

    def control(self, block: Block) -> None:
        keyword = self.peek()
        self.at += 1
        head: Sequence[Token] = ()
        if self.peek() == "(":
            end = _match(self.tokens, self.at)
            head = self.tokens[self.at + 1 : end - 1]
            self.at = end
        init = next((i for i, t in enumerate(head) if t.text == ";"), 0)
        self.nested(block, "loop" if keyword in _LOOPS else "block", head[:init])
        if keyword == "do" and self.peek() == "while":
            self.at = _match(self.tokens, self.at + 1)

    def statement(self, block: Block) -> None:
        """Up to `;`, or to the body of a function."""
        start = self.at
        while self.at < len(self.tokens) and self.peek() not in (";", "}"):
            if self.peek() == "{" and block.kind in ("file", "namespace") and self.tokens[self.at - 1].text == ")":
                self.function(block, start)
                return
            self.at = _match(self.tokens, self.at) if self.peek() in _OPEN else self.at + 1
        tokens = [t for t in self.tokens[start : self.at] if t.kind != "pragma"]
        self.at += self.peek() == ";"
        if not tokens:
            return
        found = declarations(tokens, block)
        block.items += found or [Statement(tuple(tokens))]

    def function(self, block: Block, start: int) -> None:
        parameters = next(i for i in range(start, self.at) if self.tokens[i].text == "(")
        name = self.tokens[parameters - 1].text
        self.nested(block, "function", self.tokens[parameters + 1 : self.at - 1], name)
