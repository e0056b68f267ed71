"""Constructors of `hlsc` infer the narrowest exact type; types know their bits."""

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from hlsc_examples import value
from hypothesis import given, settings
from hypothesis import strategies as st
from xdsl.dialects.builtin import i1
from xdsl.ir import SSAValue
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.test_value import create_ssa_value

from qnn_ir.dialects import hlsc

small = st.sampled_from(["ui1", "ui2", "ui3", "si1", "si2", "si3"])
OPERATIONS: dict[type[hlsc.AddOp], Callable[[int, int], int]] = {
    hlsc.AddOp: lambda a, b: a + b,
    hlsc.SubOp: lambda a, b: a - b,
    hlsc.MulOp: lambda a, b: a * b,
    hlsc.MaxOp: max,
    hlsc.MinOp: min,
}


def ssa(text: str) -> SSAValue:
    return create_ssa_value(value(text))


def values(text: str) -> range:
    lo, hi = hlsc.range_of(value(text))
    return range(lo, hi + 1)


@pytest.mark.parametrize("op", OPERATIONS, ids=lambda op: op.name)
@given(a=small, b=small)
@settings(deadline=None)
def test_narrowest(op: type[hlsc.AddOp], a: str, b: str):
    results = [OPERATIONS[op](x, y) for x, y in product(values(a), values(b))]
    assert op(ssa(a), ssa(b)).result.type == hlsc.narrowest((), (min(results), max(results)))


@given(small, small, st.integers(1, 3))
@settings(deadline=None)
def test_narrowest_dot(a: str, b: str, lanes: int):
    results = [lanes * x * y for x, y in product(values(a), values(b))]
    op = hlsc.DotOp(ssa(f"vector<{lanes}x{a}>"), ssa(f"vector<2x{lanes}x{b}>"))
    assert op.result.type == hlsc.narrowest((2,), (min(results), max(results)))


@given(small, st.integers(1, 3))
@settings(deadline=None)
def test_narrowest_step_sum(d: str, steps: int):
    results = [sum(chosen) for chosen in product({0, *values(d)}, repeat=steps)]
    op = hlsc.StepSumOp(ssa("vector<2xsi8>"), ssa(f"vector<2x{steps}xsi8>"), ssa(f"vector<2x{steps}x{d}>"))
    assert op.result.type == hlsc.narrowest((2,), (min(results), max(results)))


def test_others():
    x = ssa("vector<3xsi4>")
    assert hlsc.ShlOp(x, 2).result.type == value("vector<3xsi6>")
    assert hlsc.ReduceAddOp(x).result.type == value("si6")
    assert hlsc.ReduceMaxOp(ssa("vector<2x3xsi4>")).result.type == value("vector<2xsi4>")
    assert hlsc.CountGeOp(x, ssa("vector<3x7xsi4>")).result.type == value("vector<3xui3>")
    assert hlsc.RequantOp(x, ssa("ui3"), ssa("si2"), 2, "floor", -3, 7).result.type == value("vector<3xsi4>")
    assert hlsc.SelectOp(create_ssa_value(i1), ssa("ui2"), ssa("si2")).result.type == value("si3")
    assert hlsc.GreaterOp(x, x).result.type == value("vector<3xui1>")
    assert hlsc.PlaneOp(x, 3).result.type == value("ui3")
    assert hlsc.XnorPopcountOp(ssa("ui9"), ssa("vector<4xui9>")).result.type == value("vector<4xui4>")
    assert hlsc.ConcatOp([x, x]).result.type == value("vector<6xsi4>")
    assert hlsc.ConstantOp(-3).result.type == value("si3")


def test_bits_and_lanes():
    type_ = value("vector<2x3xsi5>")
    assert (hlsc.bits_of(type_), hlsc.lanes_of(type_), hlsc.shape_of(type_)) == (30, 6, (2, 3))
    assert hlsc.element_of(type_) == value("si5")
    assert hlsc.range_of(type_) == (-16, 15)


def test_lanes_must_fit():
    with pytest.raises(VerifyException, match="lanes differ"):
        hlsc.AddOp(ssa("vector<2xui2>"), ssa("vector<3xui2>"))


def test_iterations_per_frame():
    process = hlsc.ProcessOp("p", [hlsc.InType(value("ui2"))])
    process.body.block.add_ops([hlsc.SideOp("a", [[3, 4], [5]]), hlsc.SideOp("b", [[7]])])
    assert process.iterations_per_frame() == 12
    assert np.prod(process.sides[0].bounds[0]) == 12
