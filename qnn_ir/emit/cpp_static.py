"""The static values of a side in a joint loop: counters, registers, and names for what is used more than once."""

from collections.abc import Sequence

from xdsl.ir import Operation, SSAValue

from qnn_ir.dialects import hlsc
from qnn_ir.emit.cpp_expressions import Expression, Precedence, atom, binary, integer
from qnn_ir.emit.cpp_registers import Linear, Nest, Register, linear, steps_of, sum_of
from qnn_ir.emit.cpp_scope import Scope
from qnn_ir.emit.cpp_style import Lines, indented

SHORT_SUM = 2
"""Counters in an affine form up to which it is printed as it stands; a longer one becomes a register."""


class StaticValues:
    """`early` defines what awaits look at, `late` the other named values; `names` and `bounds` are for printers."""

    def __init__(self, scope: Scope, side: hlsc.SideOp, prefix: str, frame: str):
        self._scope, self._side, self._prefix = scope, side, prefix
        self._nests = [Nest.of(c, n) for c, n in zip(side.counters, side.bounds, strict=True)]
        self._registers: list[dict[object, Register]] = [{} for _ in self._nests]
        self.names: dict[SSAValue, str] = {self._nests[0].frame: f"int({frame})"}
        self.bounds: dict[SSAValue, int] = {}
        for nest, counters, bounds in zip(self._nests, side.counters, side.bounds, strict=True):
            self.names |= {c: scope.named(c, "i", prefix) for c in nest.counters}
            self.bounds |= dict(zip(counters[1:], bounds, strict=True))
        self.control = scope.control(self.names, self.bounds)
        self.early: Lines = []
        self.late: Lines = []
        self._name_values()

    def declarations(self) -> Lines:
        """Counters and registers at the beginning of the first frame."""
        counters = [f"{self.names[c]} = 0" for nest in self._nests for c in nest.counters]
        registers = [r for of_nest in self._registers for r in of_nest.values()]
        wrapping = [f"{r.name} = 0" for r in registers if r.type == "unsigned"]
        stepping = [f"{r.name} = {r.start}" for r in registers if r.type == "int"]
        kinds = (("int", counters), ("unsigned", wrapping), ("int", stepping))
        return [f"{type_} {', '.join(variables)};" for type_, variables in kinds if variables]

    def step(self, number: int, at_frame: Sequence[str] = ()) -> Lines:
        """Step the counters of a nest and what is computed from them; `at_frame` where the nest starts again."""
        nest, every = self._nests[number], self._registers[number].values()
        steady = [r for r in every if len(set(r.steps)) == 1]
        registers = [r for r in every if r not in steady]
        lines = [*at_frame, *(line for r in registers for line in r.step(0))]
        for place, (counter, bound) in enumerate(zip(nest.counters, nest.bounds, strict=True), 1):
            name, moved = self.names[counter], [line for r in registers for line in r.step(place)]
            carry = indented([f"{name} = 0;", *lines])
            if moved:
                lines = [f"if (++{name} != {bound}) {{", *indented(moved), "} else {", *carry, "}"]
            else:
                lines = [f"if (++{name} == {bound}) {{", *carry, "}"]
        return [*(line for r in steady for line in r.step(0)), *lines]

    def moving(self, value: SSAValue, wish: str) -> tuple[Expression, int]:
        """A value without its constant, modulo 2^32, and the constant."""
        form = linear(value)
        return self._sum(Linear(0, form.counters, form.rest), wish, wraps=True), form.const

    # --- names --------------------------------------------------------------------------------------------------------

    def _name_values(self) -> None:
        awaited, known = self._awaited(), dict[str, str]()
        for op in self._side.body.block.ops:
            expression = self._named_expression(op)
            if expression is None:
                continue
            if expression.precedence is Precedence.ATOM or str(expression) in known:
                self.names[op.results[0]] = known.get(str(expression), str(expression))
                continue
            is_flag = isinstance(op, hlsc.AndOp | hlsc.OrOp)
            name = self._scope.named(op.results[0], "when" if is_flag else "at", self._prefix)
            lines = self.early if op in awaited else self.late
            known |= {str(expression): name} if lines is self.early else {}
            lines.append(f"const {'bool' if is_flag else 'int'} {name} = {expression};")
            self.names[op.results[0]] = name

    def _named_expression(self, op: Operation) -> Expression | None:
        """The definition of what gets a name: affine forms, choices, conditions that are used more than once."""
        if isinstance(op, hlsc.AffineOp):
            return self._affine(op) if _is_looked_at(op) else None
        if isinstance(op, hlsc.StaticSelectOp):
            return self.control(op.result)
        if isinstance(op, hlsc.AndOp | hlsc.OrOp) and op.result.uses.get_length() > 1:
            return self.control(op.result)
        return None

    def _awaited(self) -> set[Operation]:
        """What awaits and positions are computed from."""
        ops = self._side.body.block.ops
        pending = [v for op in ops if isinstance(op, hlsc.AwaitOp | hlsc.PositionOp) for v in op.operands]
        found: set[Operation] = set()
        while pending:
            owner = pending.pop().owner
            if isinstance(owner, Operation) and owner not in found:
                found.add(owner)
                pending += owner.operands
        return found

    # --- affine forms -------------------------------------------------------------------------------------------------

    def _affine(self, op: hlsc.AffineOp) -> Expression:
        form, modulus = sum_of(op), op.modulus.value.data if op.modulus else None
        if modulus is None or self._stays_below(form, modulus):
            return self._sum(form, "at")
        return self._remainder(form, modulus)

    def _sum(self, form: Linear, wish: str, *, wraps: bool = False) -> Expression:
        """`const + counters + rest`; an `int`, or modulo 2^32 where it `wraps`."""
        terms: list[tuple[Expression, int]] = []
        for number, nest in enumerate(self._nests):
            strides = nest.strides(form)
            moving = [(c, s) for c, s in zip(nest.counters, strides[1:], strict=True) if s]
            if strides[0] or len(moving) > SHORT_SUM:
                register = self._register(number, wish, 0, strides, None)
                terms.append((self._spelled(register, wraps), 1))
            else:
                terms += [(atom(self.names[c]), s) for c, s in moving]
        return _total([*terms, *((self.control(v), s) for v, s in form.rest.items() if s)], form.const)

    def _spelled(self, register: Register, wraps: bool) -> Expression:
        return atom(register.name if wraps or register.type == "int" else f"int({register.name})")

    def _remainder(self, form: Linear, modulus: int) -> Expression:
        """`(const + counters + rest) mod modulus`: a register that is kept below it."""
        start, parts = form.const % modulus, list[Expression]()
        for number, nest in enumerate(self._nests):
            strides = tuple(s % modulus for s in nest.strides(form))
            if any(strides):
                parts.append(atom(self._register(number, "address", start, strides, modulus).name))
                start = 0
        for value, stride in form.rest.items():
            product = binary("*", atom(f"(long long)({self.control(value)})"), integer(stride % modulus))
            parts.append(atom(f"int(({product} % {modulus} + {modulus}) % {modulus})"))
        if len(parts) == 1 and start == 0:
            return parts[0]
        return binary("%", _total([(p, 1) for p in parts], start), integer(modulus))

    def _stays_below(self, form: Linear, modulus: int) -> bool:
        """Whether the remainder is the form itself."""
        moving = [(self.bounds.get(c), s) for c, s in form.counters.items()]
        if form.rest or form.const < 0 or any(s < 0 or n is None for n, s in moving):
            return False
        return form.const + sum(s * (n - 1) for n, s in moving if n is not None) < modulus

    def _register(self, number: int, wish: str, start: int, strides: tuple[int, ...], modulus: int | None) -> Register:
        registers, nest = self._registers[number], self._nests[number]
        key = start, strides, modulus
        if key not in registers:
            name = self._scope.names.fresh(f"{self._prefix}{wish}")
            steps = steps_of(strides, nest.bounds, modulus)
            registers[key] = Register(name, start, steps, modulus, strides[0] != 0)
        return registers[key]


def _is_looked_at(op: hlsc.AffineOp) -> bool:
    """Whether the value itself is used: positions, awaits and affine forms look through a form without modulus."""
    through = () if op.modulus else (hlsc.PositionOp, hlsc.AwaitOp, hlsc.AffineOp)
    return any(not isinstance(use.operation, through) for use in op.result.uses)


def _total(terms: Sequence[tuple[Expression, int]], const: int) -> Expression:
    """`const + sum stride * term`"""
    result: Expression | None = None
    for term, stride in terms:
        factor = term if abs(stride) == 1 else binary("*", term, integer(abs(stride)))
        if result is None:
            result = factor if stride > 0 else binary("-", integer(0), factor)
        else:
            result = binary("+" if stride > 0 else "-", result, factor)
    if result is None:
        return integer(const)
    return result if const == 0 else binary("+" if const > 0 else "-", result, integer(abs(const)))
