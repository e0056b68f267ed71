"""Movements, joins, transposed convolutions and batches at the stream level: the same integers as the tensors."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stream_nets import SI16, Net, check
from xdsl.dialects.func import ReturnOp
from xdsl.ir import SSAValue

from qnn_ir import maps
from qnn_ir.constants import int_type
from qnn_ir.dialects import qnn, stream
from qnn_ir.dialects.qnn import DepthToSpaceMode, shape_of
from qnn_ir.passes.stream_fold import StreamFoldPass
from qnn_ir.passes.to_stream.nests import Nest, natural_nest, nest_of

FOLDINGS = [StreamFoldPass(), StreamFoldPass(pe=3, simd=2), StreamFoldPass(pe=4, simd=4)]
folded = pytest.mark.parametrize("folding", FOLDINGS, ids=str)

CONV, CONCAT, CROP, REORDER = stream.MvtuOp, stream.ConcatOp, stream.CropOp, stream.ReorderOp


def pointwise(net: Net, outputs: int) -> SSAValue:
    """A convolution that only sees one pixel, with a map: it reads and leaves pixel by pixel."""
    weights = net.constant((outputs, shape_of(net.value)[1], *(1 for _ in shape_of(net.value)[2:])))
    net.add(qnn.ConvOp(net.value, weights, element=SI16))
    net.map()
    return net.value


def through(net: Net, op: qnn.TensorOp, folding: StreamFoldPass) -> list[type]:
    """`op` between two convolutions."""
    net.add(op)
    pointwise(net, 3)
    return check(net, folding)


def image(*shape: int, outputs: int = 4) -> Net:
    net = Net((1, *shape))
    pointwise(net, outputs)
    return net


@folded
def test_resize(folding: StreamFoldPass) -> None:
    net = image(3, 4, 5)
    kinds = through(net, qnn.ResizeOp(net.value, (1, 1, 2, 3)), folding)
    assert kinds == [CONV, stream.UpsampleOp, CONV]


def test_resize_of_channels_and_one_axis() -> None:
    net = image(2, 4, 3)
    kinds = through(net, qnn.ResizeOp(net.value, (1, 2, 3, 2)), FOLDINGS[1])
    assert kinds == [CONV, stream.UpsampleOp, stream.UpsampleOp, CONV]
    net = image(2, 7)
    assert through(net, qnn.ResizeOp(net.value, (1, 1, 3)), FOLDINGS[1]) == [CONV, stream.UpsampleOp, CONV]


@folded
@pytest.mark.parametrize("mode", list(DepthToSpaceMode))
def test_depth_to_space_takes_one_buffer(folding: StreamFoldPass, mode: DepthToSpaceMode) -> None:
    net = image(3, 3, 2, outputs=8)
    kinds = through(net, qnn.DepthToSpaceOp(net.value, 2, mode), folding)
    assert kinds == [CONV, REORDER, CONV]


def test_depth_to_space_at_the_end_is_a_layout() -> None:
    net = image(3, 3, 2, outputs=8)
    net.add(qnn.DepthToSpaceOp(net.value, 2))
    assert check(net, FOLDINGS[1]) == [CONV]


@folded
def test_slices(folding: StreamFoldPass) -> None:
    net = image(3, 6, 5)
    assert through(net, qnn.SliceOp(net.value, (1, 0), (6, 5), (2, 2), (2, 3)), folding) == [CONV, CROP, CONV]


def test_channels_of_a_slice() -> None:
    net = image(3, 2, 2, outputs=6)
    assert through(net, qnn.SliceOp(net.value, (2,), (4,), axes=(1,)), FOLDINGS[1]) == [CONV, CROP, CONV]


def test_backwards_is_a_name_for_channels_and_a_matrix_for_pixels() -> None:
    net = image(3, 2, 3)
    assert through(net, qnn.SliceOp(net.value, (-1,), (-9,), (-1,), (1,)), FOLDINGS[1]) == [CONV, CONV]
    net = image(3, 2, 3)
    kinds = through(net, qnn.SliceOp(net.value, (-1,), (-9,), (-1,), (3,)), FOLDINGS[1])
    assert kinds == [CONV, REORDER, CONV, REORDER, CONV]


@folded
@pytest.mark.parametrize(("axis", "indices"), [(1, (0, 3, 3, -4, 1)), (2, (1, 1, 0)), (3, (0, 2)), (1, (2, 0, 3, 1))])
def test_gather(folding: StreamFoldPass, axis: int, indices: Sequence[int]) -> None:
    net = image(3, 2, 3)
    positions = qnn.ConstantOp(np.array(indices))
    net.block.add_op(positions)
    through(net, qnn.GatherOp(net.value, positions, axis), folding)


@folded
def test_lookup_of_constant_rows(folding: StreamFoldPass) -> None:
    net = Net((1, 5))
    table = qnn.ConstantOp(np.random.default_rng(0).integers(-4, 4, (4, 3)))
    net.block.add_op(table)
    net.add(qnn.GatherOp(table, net.value, 0))
    net.add(qnn.MatMulOp(net.value, net.constant((3, 4)), element=SI16))
    assert check(net, folding) == [stream.UpsampleOp, stream.MapOp, CONV]


@folded
def test_pads_of_all_axes(folding: StreamFoldPass) -> None:
    net = image(3, 3, 2)
    kinds = through(net, qnn.PadOp(net.value, (0, 1, 2, 0, 0, 0, 1, 3), 2.0), folding)
    assert kinds == [CONV, stream.WindowOp, CONV, stream.MapOp, CONV]


def test_a_pad_value_outside_the_type() -> None:
    net = image(3, 3, 2)
    weights = net.constant((2, 4, 3, 3))
    net.add(qnn.ConvOp(net.value, weights, pads=(1, 1, 1, 1), pad_value=-3, element=SI16))
    assert check(net, FOLDINGS[1]) == [CONV, stream.MapOp, stream.WindowOp, CONV]


@folded
@pytest.mark.parametrize("axis", [1, 2, 3])
def test_concat(folding: StreamFoldPass, axis: int) -> None:
    net = Net((1, 3, 4, 2), (1, 3, 4, 2))
    first, net.value = pointwise(net, 4), net.block.args[1]
    second = pointwise(net, 4)
    assert through(net, qnn.ConcatOp([first, second], axis), folding) == [CONV, CONV, CONCAT, CONV]


@folded
def test_concat_of_unlike_orders(folding: StreamFoldPass) -> None:
    net = image(3, 4, 4)
    first = net.value
    net.add(qnn.TransposeOp(net.value, (0, 1, 3, 2)))
    kinds = through(net, qnn.ConcatOp([first, net.value, first], 1), folding)
    assert kinds == [CONV, stream.ForkOp, REORDER, CONCAT, CONV]


@folded
@pytest.mark.parametrize("axis", [1, 2, 3])
@pytest.mark.parametrize("places", ["cx", "xc", "cxc", "ccxcxcc", "xx"])
def test_concat_with_constants(folding: StreamFoldPass, axis: int, places: str) -> None:
    net = Net(*[(1, 3, 4, 2)] * places.count("x"))
    streams: list[SSAValue] = []
    for arg in list(net.block.args):
        net.value = arg
        streams.append(pointwise(net, 4))
    shape = [1, 4, 4, 2]
    shape[axis] = 2
    parts = [streams.pop() if place == "x" else stored(net, shape, 0, 3) for place in places]
    through(net, qnn.ConcatOp(parts, axis), folding)


def stored(net: Net, shape: Sequence[int], low: int, high: int) -> SSAValue:
    """A constant with an element type for `low` to `high`."""
    op = qnn.ConstantOp(net.random.integers(low, high + 1, shape), int_type(low, high))
    net.block.add_op(op)
    return op.result


def test_constants_beside_channels_keep_lanes_together() -> None:
    net = image(3, 2, 2, outputs=4)
    identity = qnn.MapAttr.from_map(maps.Requant(np.array([1]), np.array([0]), 0, "floor", -4, 3))
    net.add(qnn.MapOp(net.value, identity, np.zeros((1, 1, 1, 1), np.int64), element=int_type(-4, 3)))
    kinds = through(net, qnn.ConcatOp([net.value, stored(net, (1, 2, 2, 2), -4, 3)], 1), FOLDINGS[1])
    assert kinds == [CONV, stream.MapOp, stream.WindowOp, stream.MapOp, CONV]


@folded
@pytest.mark.parametrize("shape", [(1, 4, 1, 1), (4, 1, 3), (1, 1, 2, 1), (1, 1, 1, 1)])
def test_sums_and_products_broadcast(folding: StreamFoldPass, shape: tuple[int, ...]) -> None:
    net = Net((1, 4, 2, 3), shape)
    pixels = pointwise(net, 4)
    total = net.add(qnn.ScaledAddOp(pixels, net.block.args[1], ma=3, mb=-1, element=int_type(-3, 9)))
    product = net.add(qnn.MulOp(net.block.args[1], pixels, element=int_type(0, 9)))
    net.block.add_op(ReturnOp(total, product))
    check(net, folding)


def test_constants_join_as_maps() -> None:
    net = image(3, 2, 3)
    net.add(qnn.AddOp(net.constant((4, 1, 1)), net.value, element=int_type(-2, 6)))
    net.add(qnn.ScaledAddOp(net.value, net.constant((1, 1, 3)), ma=2, mb=-3, element=int_type(-20, 30)))
    net.add(qnn.MulOp(net.value, net.constant((1, 4, 1, 1)), element=int_type(-100, 100)))
    assert check(net, FOLDINGS[1]) == [CONV, stream.MapOp, stream.MapOp, stream.MapOp]


@folded
def test_a_join_of_unlike_orders(folding: StreamFoldPass) -> None:
    net = image(3, 4, 4)
    left = net.value
    right = net.add(qnn.TransposeOp(left, (0, 2, 1, 3)))
    net.add(qnn.AddOp(left, right, element=int_type(0, 6)))
    pointwise(net, 2)
    assert check(net, folding) == [CONV, stream.ForkOp, REORDER, stream.JoinAddOp, CONV]


@folded
def test_arg_max_of_shuffled_channels(folding: StreamFoldPass) -> None:
    net = image(3, 2, 3, outputs=6)
    net.add(qnn.ReshapeOp(net.value, (1, 2, 3, 2, 3)))
    net.add(qnn.TransposeOp(net.value, (0, 2, 1, 3, 4)))
    net.add(qnn.ReshapeOp(net.value, (1, 6, 2, 3)))
    net.add(qnn.ArgMaxOp(net.value, axis=1, index_type=int_type(0, 5)))
    assert check(net, folding) == [CONV, REORDER, stream.LabelSelectOp]


SMALL = st.tuples(st.integers(1, 3), st.integers(1, 3))


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(st.integers(1, 2), st.integers(1, 3), st.integers(1, 4), st.integers(1, 4)),
    SMALL,
    SMALL,
    SMALL,
    st.lists(st.integers(0, 2), min_size=4, max_size=4),
    st.tuples(st.integers(0, 1), st.integers(0, 1)),
    st.booleans(),
    st.sampled_from(FOLDINGS),
)
def test_transposed_convolution(
    shape: tuple[int, int, int, int],
    kernel: tuple[int, int],
    strides: tuple[int, int],
    dilations: tuple[int, int],
    pads: list[int],
    extra: tuple[int, int],
    grouped: bool,
    folding: StreamFoldPass,
) -> None:
    batch, channels, *spatial = shape
    group = channels if grouped else 1
    pads = [min(p, d * (k - 1)) for p, k, d in zip(pads, kernel * 2, dilations * 2, strict=True)]
    extra = (min(extra[0], strides[0] - 1), min(extra[1], strides[1] - 1))
    sizes = zip(spatial, strides, dilations, kernel, pads[:2], pads[2:], extra, strict=True)
    if any((n - 1) * s + d * (k - 1) + 1 - p - q + e < 1 for n, s, d, k, p, q, e in sizes):
        return
    net = Net((batch, channels, *spatial))
    net.add(
        qnn.ConvTransposeOp(
            net.value,
            net.constant((channels, 2, *kernel)),
            strides=strides,
            dilations=dilations,
            pads=pads,
            output_padding=extra,
            group=group,
            element=SI16,
        )
    )
    net.map()
    kinds = check(net, folding)
    # it goes on board through reorder and crop, but not of several units
    assert (stream.MapOp in kinds) == (group > 1)


def test_one_dimensional_transposed_convolution() -> None:
    net = Net((1, 3, 5))
    net.add(qnn.ConvTransposeOp(net.value, net.constant((3, 2, 4)), strides=(2,), pads=(1, 1), element=SI16))
    net.map()
    assert check(net, FOLDINGS[1]) == [stream.WindowOp, CONV, CROP]


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(st.integers(2, 3), st.integers(1, 3), st.integers(3, 5), st.integers(3, 5)),
    SMALL,
    SMALL,
    st.lists(st.integers(0, 2), min_size=4, max_size=4),
    st.sampled_from(FOLDINGS),
)
def test_images_of_a_batch(
    shape: tuple[int, int, int, int],
    kernel: tuple[int, int],
    strides: tuple[int, int],
    pads: list[int],
    folding: StreamFoldPass,
) -> None:
    net = Net(shape)
    weights = net.constant((2, shape[1], *kernel))
    net.add(qnn.ConvOp(net.value, weights, strides=strides, pads=pads, pad_value=1, element=SI16))
    net.map()
    if min(shape_of(net.value)[2:]) > 1:
        net.add(qnn.MaxPoolOp(net.value, kernel=(2, 2), strides=(2, 1), ceil_mode=True))
    net.add(qnn.ReshapeOp(net.value, (shape[0], int(np.prod(shape_of(net.value)[1:])))))
    net.add(qnn.MatMulOp(net.value, net.constant((shape_of(net.value)[1], 3)), element=SI16))
    check(net, folding)


@folded
def test_several_filters_per_channel(folding: StreamFoldPass) -> None:
    net = image(2, 4, 4, outputs=3)
    net.add(qnn.ConvOp(net.value, net.constant((6, 1, 3, 3)), group=3, pads=(1, 1, 1, 1), element=SI16))
    net.map()
    pointwise(net, 2)
    unit = stream.DepthwiseOp
    assert check(net, folding) == [CONV, stream.WindowOp, stream.ForkOp, unit, unit, CONCAT, stream.MapOp, CONV]


@folded
@pytest.mark.parametrize("order", [None, (3, 1, 0, 2, 5, 4), (0, 2, 4, 1, 3, 5)], ids=str)
def test_groups_are_units_of_their_own(folding: StreamFoldPass, order: Sequence[int] | None) -> None:
    net = image(2, 4, 4, outputs=6)
    if order is not None:
        positions = qnn.ConstantOp(np.array(order))
        net.block.add_op(positions)
        net.add(qnn.GatherOp(net.value, positions, 1))
    net.add(qnn.ConvOp(net.value, net.constant((4, 3, 3, 3)), group=2, pads=(1, 1, 1, 1), element=SI16))
    net.map()
    pointwise(net, 2)
    kinds = check(net, folding)
    sorting = [stream.MvtuOp] if order == (3, 1, 0, 2, 5, 4) else []
    assert kinds.count(stream.CropOp) == kinds.count(stream.WindowOp) == 2
    assert [kind for kind in kinds if kind is CONV] == [CONV, *sorting, CONV, CONV, CONV]
    assert kinds[kinds.index(CONCAT) :] == [CONCAT, stream.MapOp, CONV]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.data())
def test_nests_are_found(shape: list[int], data: st.DataObject) -> None:
    axes = data.draw(st.permutations(range(len(shape))))
    sequences = tuple(np.array(data.draw(st.permutations(range(size)))) for size in shape)
    nest = Nest(tuple(shape), tuple(axes), sequences)
    for found in (nest_of(nest.order(), tuple(shape)), nest_of(nest.order(), tuple(shape), axes)):
        assert found is not None
        np.testing.assert_array_equal(found.order(), nest.order())


def test_no_nest() -> None:
    assert nest_of(np.array([0, 1, 3, 2]), (2, 2)) is None
    nest = natural_nest((2, 3), (1, 0))
    assert nest_of(nest.order(), (2, 3), (0, 1)) is None
    assert (nest.dims, nest.inside(1), nest.outside(0)) == ((3, 2), 2, 3)
