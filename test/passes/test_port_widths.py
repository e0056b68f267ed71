"""Ports: beats wider than a bus enter and leave in several words, and every frame stays what it is."""

from pathlib import Path

import numpy as np
import pytest
from emitted import lowered, parse, simulate
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from qnn_ir.constants import int_type
from qnn_ir.dialects.hlsc import TopOp, bits_of
from qnn_ir.dialects.stream import ChannelType, GraphOp, LayoutAttr
from qnn_ir.driver.packing import WordFormat
from qnn_ir.errors import UserError
from qnn_ir.interp.stream import run_graph
from qnn_ir.passes.actors.port_widths import PORT_BITS, port_type
from qnn_ir.passes.stream_insert_width_converters import StreamInsertWidthConvertersPass


def inverse(bits: int, lanes: int, beats: int) -> ModuleOp:
    """A graph that inverts the bits of its elements, `lanes` at a time."""
    chan, elements, count = f"!stream.chan<ui{bits} x {lanes}, {beats}>", lanes * beats, 1 << bits
    layout, table = LayoutAttr([elements], [0], elements), list(range(count))[::-1]
    return parse(f"""
stream.graph @accelerator (%x : {chan}) -> ({chan}) inputs([{layout}]) outputs([{layout}]) {{
  %y = stream.map "act" %x map(#qnn.table<dense<[{table}]> : tensor<1x{count}xi8>, lo = 0> groups
    dense<0> : tensor<{lanes}xi8>) {{pe = {lanes} : i64}} : {chan} -> {chan}
  stream.output %y : {chan}
}}""")


def narrowed(module: ModuleOp, limit: int) -> GraphOp:
    StreamInsertWidthConvertersPass(port_bits=limit).apply(Context(), module)
    module.verify()
    return next(op for op in module.walk() if isinstance(op, GraphOp))


@pytest.mark.parametrize(
    ("bits", "lanes", "beats", "interface"), [(5, 300, 2, "axis"), (3, 400, 3, "axis"), (6, 101, 2, "memory")]
)
def test_wide_beats(bits: int, lanes: int, beats: int, interface: str, tmp_path: Path) -> None:
    """Interpreted and compiled: all elements in order, no port wider than its bus."""
    module = inverse(bits, lanes, beats)
    graph = narrowed(module, PORT_BITS[interface])
    assert len(graph.actors()) == 3
    values = np.random.default_rng(bits).integers(0, 1 << bits, (3, lanes * beats))
    expected = (1 << bits) - 1 - values
    np.testing.assert_array_equal(run_graph(graph, [values])[0], expected)
    lowered(module, interface=interface)
    (top,) = (op for op in module.walk() if isinstance(op, TopOp))
    assert all(bits_of(arg.type.value) <= PORT_BITS[interface] for arg in top.body.block.args)  # pyright: ignore
    np.testing.assert_array_equal(simulate(module, [values], tmp_path)[0], expected)


@pytest.mark.parametrize("limit", [8, 20, 64, 512])
@pytest.mark.parametrize("bits", [1, 3, 8])
@pytest.mark.parametrize("lanes", [1, 7, 48, 97])
@pytest.mark.parametrize("beats", [1, 6])
@pytest.mark.parametrize("interval", [1, 10, 1000])
def test_words(limit: int, bits: int, lanes: int, beats: int, interval: int) -> None:
    """Every frame is whole words; lanes are cut where that is fast enough, and as few words as possible otherwise."""
    type_ = ChannelType(int_type(0, (1 << bits) - 1), lanes, beats)
    words = port_type(type_, limit, interval, "input 0")
    assert words.bits <= limit
    assert words.elements == type_.elements
    if type_.bits <= limit:
        assert words == type_
        return
    legal = [n for n in range(1, limit // bits + 1) if type_.elements % n == 0]
    fastest = type_.elements // max(legal)
    assert words.beats.data <= max(fastest, interval)
    if any(lanes % n == 0 and type_.elements // n <= interval for n in legal):
        assert lanes % words.lanes.data == 0


@pytest.mark.parametrize(("bits", "lanes", "word"), [(1, 1, 8), (3, 3, 16), (5, 64, 512), (8, 64, 512), (10, 5, 64)])
def test_word_bits(bits: int, lanes: int, word: int) -> None:
    assert WordFormat(bits, False, lanes, 1).word_bits == word


def test_element_wider_than_the_bus() -> None:
    with pytest.raises(UserError, match="elements of 7 bits do not fit in words of 4 bits"):
        narrowed(inverse(7, 1, 2), 4)


def test_conversion_refuses_wide_ports() -> None:
    with pytest.raises(UserError, match="a port of 1050 bits, and axis ports have at most 1024"):
        lowered(inverse(7, 150, 1))
