"""The semantics of `qnn`, integer form, against independent references."""

from fractions import Fraction

import numpy as np
import pytest
from qnn_nodes import RNG, run
from xdsl.ir import Operation, SSAValue
from xdsl.utils.exceptions import InterpretationError

from qnn_ir import maps
from qnn_ir.constants import int_type
from qnn_ir.dialects import qnn
from qnn_ir.errors import UserError


def test_borders_of_the_integer_form():
    groups = np.array([0, 1])
    x = np.array([[[1.5, 4.0]], [[0.0, -2.0]]])

    def enter(x: SSAValue) -> Operation:
        return qnn.ToIntegerOp(x, element=int_type(-4, 3), scale=[0.5, 2.0], bias=[0.0, 0.0], groups=groups)

    (q,) = run(enter, x)
    assert q.tolist() == [[3, 2], [0, -1]]
    (y,) = run(lambda q: qnn.ToRealOp(q, scale=[0.5, 2.0], bias=[1.0, 0.0], groups=groups), q[:, None])
    assert y.tolist() == [[2.5, 4.0], [1.0, -2.0]]


@pytest.mark.parametrize("value", [0.3, 300.0, -1.0, float("nan")])
def test_input_off_the_grid_is_named(value: float):
    x = np.array([[[0.0, 1.0]], [[0.0, value]]])
    with pytest.raises(UserError, match=r"element \[0, 1\] of frame 1"):
        run(lambda x: qnn.ToIntegerOp(x, element=int_type(0, 255)), x)


def test_float32_inputs_are_on_the_grid():
    q = np.arange(256)
    for scale, bias in ((1 / 255, 0.0), (2 / 255, -1.0)):
        x = (q.astype(np.float32) * np.float32(scale) + np.float32(bias))[None, None].astype(np.float64)
        (y,) = run(lambda x, s=scale, b=bias: qnn.ToIntegerOp(x, element=int_type(0, 255), scale=s, bias=b), x)
        np.testing.assert_array_equal(y, q[None])


def brute(form: maps.Map, g: int, x: int) -> int:
    """The definition of every form, in Python's integers."""
    match form:
        case maps.Steps(base, positions, deltas):
            return int(base[g]) + sum(int(d) for p, d in zip(positions[g], deltas[g], strict=True) if x >= p)
        case maps.Thresholds(thresholds, base):
            return base + sum(x >= int(t) for t in thresholds[g])
        case maps.Requant(m, c, shift, rounding, lo, hi):
            exact = Fraction(x * int(m[g]) + int(c[g]), 1 << shift)
            return min(max(round(exact) if rounding == "half_even" else exact.__floor__(), lo), hi)
        case maps.Table(table, lo):
            return int(table[g, x - lo])


def example_maps(seed: int) -> list[maps.Map]:
    rng = RNG(seed)
    rows = 3
    return [
        maps.Steps(rng.integers(-5, 5, rows), rng.integers(-20, 20, (rows, 6)), rng.integers(-2, 3, (rows, 6))),
        maps.Thresholds(np.sort(rng.integers(-20, 20, (rows, 7)), axis=1), -3),
        maps.Requant(rng.integers(-9, 10, rows), rng.integers(-50, 50, rows), 3, "half_even", -8, 7),
        maps.Requant(rng.integers(-9, 10, rows), rng.integers(-50, 50, rows), 4, "floor", -100, 100),
        maps.Requant(rng.integers(-9, 10, rows), rng.integers(-50, 50, rows), 0, "half_even", -100, 100),
        maps.Table(rng.integers(-9, 10, (rows, 41)), -20),
    ]


@pytest.mark.parametrize("seed", range(5))
def test_maps_by_definition(seed: int):
    x = np.arange(-20, 21)
    for form in example_maps(seed):
        restored = qnn.MapAttr.from_map(form).map()
        for g in range(3):
            expected = [brute(form, g, int(v)) for v in x]
            assert form.apply(x, np.array(g)).tolist() == expected
            assert restored.apply(x, np.array(g)).tolist() == expected


@pytest.mark.parametrize("seed", range(20))
def test_output_range_of_maps_is_exact(seed: int):
    lo, hi = np.sort(RNG(seed).integers(-20, 21, (2, 3)), axis=0)
    for form in example_maps(seed):
        low, high = form.output_range(lo, hi)
        for g in range(3):
            values = [brute(form, g, x) for x in range(lo[g], hi[g] + 1)]
            assert (low[g], high[g]) == (min(values), max(values)), form


@pytest.mark.parametrize("seed", range(3))
def test_map_uses_the_row_of_each_element(seed: int):
    x = RNG(seed).integers(-20, 21, (4, 1, 3, 5, 2))
    groups = np.array([2, 0, 1]).reshape(3, 1, 1)
    for form in example_maps(seed):
        element = int_type(-1000, 1000)
        (y,) = run(lambda x, f=form, e=element: qnn.MapOp(x, qnn.MapAttr.from_map(f), groups, element=e), x)
        expected = [[brute(form, int(groups[c, 0, 0]), int(v)) for v in x[:, 0, c].ravel()] for c in range(3)]
        assert y.transpose(1, 0, 2, 3).reshape(3, -1).tolist() == expected


def test_requant_beyond_int64_is_exact():
    form = maps.Requant(np.array([(1 << 40) + 1]), np.array([12345]), 60, "half_even", -(1 << 40), 1 << 40)
    x = np.array([(1 << 40) + 3, -(1 << 41), 7])
    assert form.apply(x, np.array(0)).tolist() == [brute(form, 0, int(v)) for v in x]


def test_map_outside_its_table_is_an_error():
    form = qnn.MapAttr.from_map(maps.Table(np.array([[1, 2]]), 0))
    with pytest.raises(InterpretationError, match="outside the table"):
        run(lambda x: qnn.MapOp(x, form, element=int_type(0, 3)), np.array([[2]]))


def test_scaled_add_and_results_outside_their_type():
    a, b = np.array([[3, 4]]), np.array([[5, -6]])
    (y,) = run(lambda a, b: qnn.ScaledAddOp(a, b, ma=3, mb=-2, element=int_type(-100, 100)), a, b)
    assert y.tolist() == [[-1, 24]]
    with pytest.raises(InterpretationError, match=r"\[-1, 24\] is not held by si4"):
        run(lambda a, b: qnn.ScaledAddOp(a, b, ma=3, mb=-2, element=int_type(-8, 7)), a, b)
