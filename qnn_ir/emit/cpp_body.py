"""The body of a side as C++ statements."""

from collections.abc import Callable, Sequence
from functools import singledispatchmethod
from itertools import groupby

from xdsl.ir import Attribute, Operation, SSAValue

from qnn_ir.dialects import hlsc
from qnn_ir.emit.cpp_expressions import Expression, Precedence, atom, binary, cast, integer, ternary
from qnn_ir.emit.cpp_forms import BITS, LANES, Forms, is_state
from qnn_ir.emit.cpp_lanes import LanePrinter
from qnn_ir.emit.cpp_names import Names
from qnn_ir.emit.cpp_schedule import Group, LaneLoop, grouped, ordered
from qnn_ir.emit.cpp_style import EVALUATES_TWICE, LONGEST_INLINE, LOOP_VARIABLES, NAMED, NAMES, Lines, indented, nested
from qnn_ir.emit.cpp_types import extents, scalar, word
from qnn_ir.emit.cpp_values import Index, Values, bit_range, brackets


class BodyPrinter:
    """Prints the statements of one side; `ports` gives the names of the streams."""

    def __init__(self, values: Values, forms: Forms, ports: dict[SSAValue, str], names: Names):
        self._values, self._forms, self._ports, self._names = values, forms, ports, names
        self._lanes = LanePrinter(values, names)
        self._loop_variables = [names.fresh(v) for v in LOOP_VARIABLES]
        self._known: SSAValue | None = None  # a predicate that holds where we are
        self._targets: dict[SSAValue, str] = {}  # arrays that are declared before their value is computed

    def print(self, side: hlsc.SideOp) -> Lines:
        """All statements of one iteration."""
        lines: Lines = []
        for guard, groups in groupby(grouped(ordered(side, self._forms), self._forms), key=lambda g: g.guard):
            block = [line for group in groups for line in self._group(group)]
            lines += block if guard is None else self._guarded(guard, block)
        return lines

    def _guarded(self, guard: SSAValue, block: Lines) -> Lines:
        return [f"if ({self._values.control(guard)}) {{", *indented(block), "}"]

    def _group(self, group: Group) -> Lines:
        if isinstance(group.content, LaneLoop):
            return self._loop(group.content)
        if group.inner:
            assert isinstance(group.content, hlsc.SelectOp)
            return self._merge(group.content, group.inner, group.stores)
        return self._print(group.content)

    # --- single statements ------------------------------------------------------------------------------------------

    @singledispatchmethod
    def _print(self, op: Operation) -> Lines:
        """A lanewise operation on scalars."""
        lines, value = self._lanes.print(op, ())
        if value.text.isidentifier():
            self._values.scalars[op.results[0]] = value
            return lines
        return [*lines, *self._define_scalar(op.results[0], value)]

    @_print.register
    def _(self, op: hlsc.ReadOp) -> Lines:
        read = atom(f"{self._ports[op.port]}.read()")
        if not self._forms.of_value.get(op.result):  # nobody looks at the token
            always = op.when is None or op.when is self._known
            return [f"{read};" if always else f"if ({self._values.control(op.when)}) {read};"]  # pyright: ignore
        if op.when is None or op.when is self._known:
            return self._define(op.result, read)
        token = self._names.fresh("token")
        lines = [f"{word(op.result.type)} {token} = 0;", f"if ({self._values.control(op.when)}) {token} = {read};"]
        return [*lines, *self._define(op.result, atom(token))]

    @_print.register
    def _(self, op: hlsc.SelectOp) -> Lines:
        if not hlsc.shape_of(op.result.type):
            return self._define_scalar(op.result, self._lanes.print(op, ())[1])
        lhs, rhs = (self._values.word(v, op.result.type) for v in (op.lhs, op.rhs))
        return self._define(op.result, ternary(self._values.control(op.condition), lhs, rhs))

    def _merge(self, op: hlsc.SelectOp, inner: Sequence[Group], stores: Sequence[Group]) -> Lines:
        """`if (p) { x = what was just read; } else { x = what was kept; }`; `stores` of the former stand beside it."""
        type_, values, condition = op.result.type, self._values, self._values.control(op.condition)
        is_scalar, lanes_only = not hlsc.shape_of(type_), self._forms.of_value.get(op.result) == {LANES}
        is_read = isinstance(read := op.lhs.owner, hlsc.ReadOp) and len(inner) == 1
        if is_read and not is_scalar and not lanes_only and not stores:
            assert isinstance(read, hlsc.ReadOp)
            token = atom(f"{self._ports[read.port]}.read()")
            lines = self._define(op.result, ternary(condition, token, values.word(op.rhs, type_)))
            self._equate(op)
            return lines
        name = self._names.fresh("x")
        before, old = list[str](), list[str]()
        if lanes_only and not is_scalar:
            before, self._targets[op.lhs] = self._array(type_, name), name
            old = self._each_lane(type_, lambda i: f"{name}{brackets(i)} = {values.lane(op.rhs, i)};")
        outer, self._known = self._known, op.condition
        new = [line for group in inner for line in self._group(group)]
        self._known = outer
        for value, lines in ((op.lhs, new), (op.rhs, old)) if not old else ():
            lines.append(f"{name} = {values.lane(value, ()) if is_scalar else values.word(value, type_)};")
        after = list[str]()
        if is_scalar or not lanes_only:
            before = [f"{scalar(type_) if is_scalar else word(type_)} {name};"]
            after = self._bind(op.result, name)
        else:
            values.arrays[op.result] = name
        self._equate(op)
        new += [line for group in stores for line in self._group(group)]
        return [*before, f"if ({condition}) {{", *indented(new), "} else {", *indented(old), "}", *after]

    def _bind(self, value: SSAValue, name: str) -> Lines:
        """Make `name`, a scalar or a word, the variable of `value`, with lanes beside it where these are needed."""
        if not hlsc.shape_of(value.type):
            self._values.scalars[value] = atom(name)
            return []
        self._values.words[value] = atom(name)
        return self._lanes_too(value, atom(name))

    def _equate(self, op: hlsc.SelectOp) -> None:
        """After the choice its new value is the chosen one wherever anyone looks."""
        self._values.forget(op.lhs)
        for variables in (self._values.arrays, self._values.words, self._values.scalars):
            if op.result in variables:
                variables[op.lhs] = variables[op.result]  # pyright: ignore[reportArgumentType]

    @_print.register
    def _(self, op: hlsc.LoadOp) -> Lines:
        type_ = op.result.type
        if not hlsc.shape_of(type_):
            return self._define_scalar(op.result, self._values.lane(op.result, ()))
        if op.memory not in self._values.roms and self._forms.of_memory[op.memory] == BITS:
            return self._define(op.result, atom(self._values.place(op.memory, op.index)))
        return self._copy_lanes(op.result)

    def _copy_lanes(self, value: SSAValue) -> Lines:
        """A value that is had lane by lane as a variable in the forms that its uses need."""
        type_, source = value.type, self._values
        array = self._names.fresh("lanes")
        lines = self._array(type_, array)
        copied = self._each_lane(type_, lambda i: f"{array}{brackets(i)} = {source.lane(value, i)};")
        lines += copied
        source.arrays[value] = array
        if self._forms.needs(value, BITS):
            bits = self._names.fresh("word")
            lines.append(f"{word(type_)} {bits} = 0;")
            lines += self._each_lane(type_, lambda i: f"{bits}{bit_range(type_, i)} = {array}{brackets(i)};")
            source.words[value] = atom(bits)
        return lines

    @_print.register
    def _(self, op: hlsc.WriteOp) -> Lines:
        return [f"{self._ports[op.port]}.write({self._values.word(op.value)});"]

    @_print.register
    def _(self, op: hlsc.StoreOp) -> Lines:
        place = self._values.place(op.memory, op.index)
        if hlsc.shape_of(op.value.type) or self._values.memory_scalar(op.memory) != scalar(op.value.type):
            return [f"{place} = {self._values.word(op.value).assigned};"]
        return [f"{place} = {self._values.lane(op.value, ()).assigned};"]

    @_print.register
    def _(self, op: hlsc.FromIndexOp) -> Lines:
        return self._define_scalar(op.result, cast(scalar(op.result.type), self._values.control(op.input)))

    @_print.register
    def _(self, op: hlsc.BitcastOp) -> Lines:
        bits = self._values.word(op.input)
        if isinstance(op.input.owner, hlsc.LoadOp) and is_state(op.input.owner):
            return self._define(op.result, bits)
        if hlsc.shape_of(op.result.type):
            self._values.words[op.result] = bits
            return self._lanes_too(op.result, bits)
        self._values.scalars[op.result] = (
            bits if scalar(op.result.type) == word(op.result.type) else cast(scalar(op.result.type), bits)
        )
        return []

    @_print.register
    def _(self, op: hlsc.ConcatOp) -> Lines:
        parts = ", ".join(str(self._values.word(v)) for v in reversed(op.inputs))
        return self._define(op.result, atom(f"({parts})"))

    @_print.register
    def _(self, op: hlsc.SliceOp) -> Lines:
        stride = hlsc.bits_of(op.input.type) // hlsc.shape_of(op.input.type)[0]
        low = op.offset.value.data * stride
        high = low + op.size.value.data * stride - 1
        source = self._values.word(op.input)
        if source.text.isidentifier() and op.input.type == op.result.type:
            self._values.words[op.result] = source
            return self._lanes_too(op.result, source)
        if source.text.isidentifier() and op.result.has_one_use() and self._forms.of_value.get(op.result) == {BITS}:
            self._values.words[op.result] = cast(word(op.result.type), atom(f"{source}.range({high}, {low})"))
            return []
        return self._define(op.result, atom(f"{source}.range({high}, {low})"))

    @_print.register
    def _(self, op: hlsc.DynamicSliceOp) -> Lines:
        stride = hlsc.bits_of(op.input.type) // hlsc.shape_of(op.input.type)[0]
        index = self._values.control(op.index)
        low = index if stride == 1 else binary("*", index, integer(stride))
        width = op.size.value.data * stride
        high = low if width == 1 else binary("+", low, integer(width - 1))
        return self._define(op.result, atom(f"{self._values.word(op.input)}.range({high}, {low})"))

    # --- definitions ------------------------------------------------------------------------------------------------

    def _name_of(self, value: SSAValue) -> str:
        owner = value.owner
        return self._names.fresh(NAMES.get(owner.name, "value") if isinstance(owner, Operation) else "value")

    def _define_scalar(self, value: SSAValue, expression: Expression) -> Lines:
        name = self._name_of(value)
        self._values.scalars[value] = atom(name)
        return [f"const {scalar(value.type)} {name} = {expression.assigned};"]

    def _define(self, value: SSAValue, bits: Expression) -> Lines:
        """A value that is had as bits, in the forms that its uses need."""
        type_ = value.type
        if not hlsc.shape_of(type_):
            return self._define_scalar(value, bits if scalar(type_) == word(type_) else cast(scalar(type_), bits))
        if value in self._targets:
            token = self._names.fresh("token")
            self._values.arrays[value] = self._targets[value]
            return [
                f"const {word(type_)} {token} = {bits.assigned};",
                *self._unpack(type_, self._targets[value], token),
            ]
        name = self._name_of(value)
        self._values.words[value] = atom(name)
        return [f"const {word(type_)} {name} = {bits.assigned};", *self._lanes_too(value, atom(name))]

    def _lanes_too(self, value: SSAValue, bits: Expression) -> Lines:
        """The lanes of a word in an array of their own, where they are needed."""
        if not self._forms.needs(value, LANES):
            return []
        array = self._names.fresh(f"{bits}_lanes" if bits.text.isidentifier() else "lanes")
        self._values.arrays[value] = array
        return [*self._array(value.type, array), *self._unpack(value.type, array, bits.within(Precedence.ATOM))]

    def _array(self, type_: Attribute, name: str) -> Lines:
        """The declaration of an array of lanes, each in a register of its own."""
        return [
            f"{scalar(type_)} {name}{extents(type_)};",
            f"#pragma HLS ARRAY_PARTITION variable={name} complete dim=0",
        ]

    def _unpack(self, type_: Attribute, array: str, bits: str) -> Lines:
        return self._each_lane(type_, lambda i: f"{array}{brackets(i)} = {bits}{bit_range(type_, i)};")

    def _each_lane(self, type_: Attribute, statement: Callable[[Index], str]) -> Lines:
        shape = hlsc.shape_of(type_)
        index = tuple(self._loop_variables[: len(shape)])
        return nested(index, shape, [statement(index)])

    # --- lane loops -------------------------------------------------------------------------------------------------

    def _loop(self, loop: LaneLoop) -> Lines:
        index = tuple(self._loop_variables[: len(loop.shape)])
        before, body = list[str](), list[str]()
        inside = set(loop.ops)
        for op in loop.ops:
            if isinstance(op, hlsc.StoreOp):
                place = self._values.place(op.memory, op.index)
                body.append(f"{place}{brackets(index)} = {self._values.lane(op.value, index)};")
                continue
            lines, expression = self._lanes.print(op, index)
            body += lines
            before += self._keep(op, expression, index, inside, body)
        for op in loop.ops:  # what was spelled for one lane only is gone after the loop
            for result in op.results:
                self._values.scalars.pop(result, None)
        return [*before, *nested(index, loop.shape, body)]

    def _keep(self, op: Operation, lane: Expression, index: Index, inside: set[Operation], body: Lines) -> Lines:
        """Put a lane where its uses find it; the declarations that this needs before the loop are returned."""
        value, type_ = op.results[0], op.results[0].type
        outside = any(use.operation not in inside for use in value.uses)
        array, bits = outside and self._forms.needs(value, LANES), self._forms.needs(value, BITS)
        if not array and not bits:
            self._name_lane(value, lane, body)
            return []
        before = list[str]()
        if array:
            name = self._targets.get(value) or self._name_of(value)
            before += [] if value in self._targets else self._array(type_, name)
            body.append(f"{name}{brackets(index)} = {lane.assigned};")
            self._values.arrays[value] = name
            lane = atom(name + brackets(index))
        elif any(use.operation in inside for use in value.uses):
            self._name_lane(value, lane, body)
            lane = self._values.scalars[value]
        if bits:
            name = self._names.fresh("y")
            before.append(f"{word(type_)} {name} = 0;")
            exact = lane if lane.precedence is Precedence.ATOM else cast(scalar(type_), lane)
            body.append(f"{name}{bit_range(type_, index)} = {exact};")
            self._values.words[value] = atom(name)
        return before

    def _name_lane(self, value: SSAValue, lane: Expression, body: Lines) -> None:
        """Use an expression in place where it is short and used once, else give it a name."""
        uses = [use.operation for use in value.uses]
        once = len(uses) == 1 and not isinstance(uses[0], EVALUATES_TWICE) and not isinstance(value.owner, NAMED)
        if once and len(lane.text) <= LONGEST_INLINE:
            self._values.scalars[value] = lane
            return
        name = self._name_of(value)
        body.append(f"const {scalar(value.type)} {name} = {lane.assigned};")
        self._values.scalars[value] = atom(name)
