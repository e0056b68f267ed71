"""
Affine forms of counters as registers that step with the counters: no multiplication, no `%`, no overflow.

`const + sum stride * counter [mod M]` changes by one constant per counter that may step. A register without modulus
that counts frames wraps around at 2^32, as unsigned numbers do; only differences of such registers have a meaning.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from xdsl.ir import BlockArgument, SSAValue

from qnn_ir.dialects import hlsc

Strides = tuple[int, ...]


@dataclass(frozen=True)
class Linear:
    """`const + sum stride * counter + sum stride * rest`; the rest are values that are no affine forms."""

    const: int = 0
    counters: dict[BlockArgument, int] = field(default_factory=dict[BlockArgument, int])
    rest: dict[SSAValue, int] = field(default_factory=dict[SSAValue, int])

    def plus(self, other: "Linear", factor: int) -> "Linear":
        """`self + factor * other`"""
        counters, rest = dict(self.counters), dict(self.rest)
        for value, stride in other.counters.items():
            counters[value] = counters.get(value, 0) + factor * stride
        for value, stride in other.rest.items():
            rest[value] = rest.get(value, 0) + factor * stride
        return Linear(self.const + factor * other.const, counters, rest)


def linear(value: SSAValue) -> Linear:
    """A static integer as a linear form, looked at through affine forms without modulus."""
    if isinstance(value, BlockArgument):
        return Linear(counters={value: 1})
    if isinstance(value.owner, hlsc.StaticConstantOp):
        return Linear(value.owner.value.value.data)
    if isinstance(value.owner, hlsc.AffineOp) and value.owner.modulus is None:
        return sum_of(value.owner)
    return Linear(rest={value: 1})


def sum_of(op: hlsc.AffineOp) -> Linear:
    """What `op` is before its modulus."""
    total = Linear(op.const.value.data)
    for value, stride in zip(op.inputs, op.stride_values(), strict=True):
        total = total.plus(linear(value), stride)
    return total


@dataclass(frozen=True)
class Nest:
    """The counters of one nest that move: its frame count first, then those with a bound above 1."""

    frame: BlockArgument
    counters: tuple[BlockArgument, ...]
    bounds: tuple[int, ...]

    @classmethod
    def of(cls, counters: Sequence[BlockArgument], bounds: Sequence[int]) -> "Nest":
        moving = [(c, n) for c, n in zip(counters[1:], bounds, strict=True) if n > 1]
        return cls(counters[0], tuple(c for c, _ in moving), tuple(n for _, n in moving))

    def strides(self, form: Linear) -> Strides:
        """The strides of the frame count and of each counter."""
        return tuple(form.counters.get(c, 0) for c in (self.frame, *self.counters))


@dataclass(frozen=True)
class Register:
    """An affine form of the counters of one nest: `start`, and per counter what is added when it is the one to step."""

    name: str
    start: int
    steps: Strides
    modulus: int | None = None
    counts_frames: bool = False

    @property
    def type(self) -> str:
        return "unsigned" if self.counts_frames and self.modulus is None else "int"

    def step(self, place: int) -> list[str]:
        """The statements for the next iteration when the counter `place` steps and all after it start again."""
        step = self.steps[place]
        if step == 0:
            return []
        if self.modulus is None:
            return [f"{self.name} {'+' if step > 0 else '-'}= {abs(step)};"]
        return [f"if (({self.name} += {step}) >= {self.modulus}) {self.name} -= {self.modulus};"]


def steps_of(strides: Strides, bounds: Sequence[int], modulus: int | None) -> Strides:
    """Per counter, how the form changes when that counter steps and all after it go from their last value to 0."""
    back, result = 0, list[int]()
    for stride, bound in zip(reversed(strides), (*reversed(bounds), 1), strict=True):
        step = stride - back
        result.append(step if modulus is None else step % modulus)
        back += stride * (bound - 1)
    return tuple(reversed(result))
