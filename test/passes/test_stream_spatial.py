"""Convolutions and pools at the stream level: the same integers as the tensors, folded and unfolded."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stream_nets import SI16, Net, check

from qnn_ir.constants import int_type
from qnn_ir.dialects import qnn, stream
from qnn_ir.passes.stream_fold import StreamFoldPass

FOLDINGS = st.one_of(
    st.just(StreamFoldPass()),
    st.builds(StreamFoldPass, pe=st.integers(1, 7), simd=st.integers(1, 7)),
    st.builds(StreamFoldPass, target_cycles=st.integers(2000, 9000)),
)
SMALL = st.integers(0, 2)


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(st.integers(1, 6), st.integers(5, 8), st.integers(5, 8)),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.tuples(st.integers(1, 2), st.integers(1, 3)),
    st.tuples(st.integers(1, 2), st.integers(1, 2)),
    st.tuples(SMALL, SMALL, SMALL, SMALL),
    st.integers(0, 3),
    st.sampled_from(["dense", "depthwise", "grouped"]),
    FOLDINGS,
)
def test_convolution(
    image: tuple[int, int, int],
    kernel: tuple[int, int],
    strides: tuple[int, int],
    dilations: tuple[int, int],
    pads: tuple[int, int, int, int],
    pad_value: int,
    kind: str,
    folding: StreamFoldPass,
) -> None:
    channels = image[0] * (2 if kind == "grouped" else 1)
    group, outputs = {"dense": (1, 5), "depthwise": (channels, channels), "grouped": (2, 4)}[kind]
    net = Net((1, channels, *image[1:]))
    w = net.constant((outputs, channels // group, *kernel))
    net.add(
        qnn.ConvOp(
            net.value,
            w,
            strides=strides,
            pads=pads,
            dilations=dilations,
            group=group,
            pad_value=pad_value,
            element=SI16,
        )
    )
    net.map()
    check(net, folding)


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(st.integers(1, 6), st.integers(4, 8), st.integers(4, 8)),
    st.tuples(st.integers(2, 3), st.integers(2, 3)),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.tuples(st.integers(0, 1), st.integers(0, 1), st.integers(0, 1), st.integers(0, 1)),
    st.booleans(),
    st.booleans(),
    FOLDINGS,
)
def test_pools(
    image: tuple[int, int, int],
    kernel: tuple[int, int],
    strides: tuple[int, int],
    pads: tuple[int, int, int, int],
    maximum: bool,
    ceil_mode: bool,
    folding: StreamFoldPass,
) -> None:
    net = Net((1, *image))
    if maximum:
        net.add(qnn.MaxPoolOp(net.value, kernel=kernel, strides=strides, pads=pads, ceil_mode=ceil_mode))
    else:
        net.add(qnn.SumPoolOp(net.value, element=int_type(0, 31), kernel=kernel, strides=strides, pads=pads))
    check(net, folding)


@pytest.mark.parametrize("folding", [StreamFoldPass(), StreamFoldPass(pe=3, simd=2), StreamFoldPass(pe=5, simd=5)])
def test_a_small_network(folding: StreamFoldPass) -> None:
    net = Net((1, 3, 9, 8))
    net.add(qnn.ConvOp(net.value, net.constant((7, 3, 3, 3)), pads=(1, 1, 1, 1), element=SI16))
    net.map()
    net.add(qnn.ConvOp(net.value, net.constant((7, 1, 3, 3)), strides=(2, 2), group=7, element=SI16))
    net.map()
    net.add(qnn.ConvOp(net.value, net.constant((5, 7, 1, 1)), element=SI16))
    net.map()
    net.add(qnn.MaxPoolOp(net.value, kernel=(2, 2), strides=(2, 2)))
    net.add(qnn.ReshapeOp(net.value, (1, 10)))
    w = net.constant((10, 4))
    net.add(qnn.MatMulOp(net.value, w, element=SI16))
    kinds = check(net, folding)
    window, unit = stream.WindowOp, stream.MvtuOp
    assert kinds == [window, unit, window, stream.DepthwiseOp, unit, window, stream.PoolOp, unit]


def test_one_dimension_and_padding() -> None:
    net = Net((1, 3, 11))
    net.add(qnn.PadOp(net.value, (0, 0, 2, 0, 0, 1), 3.0))
    net.add(qnn.ConvOp(net.value, net.constant((4, 3, 3)), strides=(2,), dilations=(2,), element=SI16))
    net.map()
    assert check(net, StreamFoldPass(pe=2, simd=3)) == [stream.WindowOp, stream.WindowOp, stream.MvtuOp]
