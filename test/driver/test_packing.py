"""Elements to words and back."""

import numpy as np
import pytest

from qnn_ir.driver.packing import WordFormat, pack, unpack
from qnn_ir.int_types import value_range


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("bits", [*range(1, 18), 24, 31, 32, 33, 48, 63])
@pytest.mark.parametrize("lanes", [1, 3, 8, 49])
def test_round_trip(bits: int, signed: bool, lanes: int) -> None:
    form = WordFormat(bits, signed, lanes, beats=4)
    lo, hi = value_range(bits, signed)
    values = np.random.default_rng(bits).integers(lo, hi, (3, form.frame_elements), endpoint=True)
    values[0, 0], values[0, -1] = lo, hi
    words = pack(values, form)
    assert words.shape == (3, 4, form.word_bytes)
    assert words.dtype == np.uint8
    assert np.array_equal(unpack(words, form), values)
    assert np.array_equal(unpack(words.reshape(3, -1), form), values)


@pytest.mark.parametrize(("bits", "signed", "lanes"), [(3, True, 5), (7, False, 20), (1, False, 70), (12, True, 6)])
def test_bits_are_where_they_should_be(bits: int, signed: bool, lanes: int) -> None:
    """Against Python integers: word = sum of (element mod 2^bits) << (bits * lane)."""
    form = WordFormat(bits, signed, lanes, beats=2)
    lo, hi = value_range(bits, signed)
    values = np.random.default_rng(1).integers(lo, hi, (2, form.frame_elements), endpoint=True)
    words = pack(values, form)
    for frame, beat in np.ndindex(2, 2):
        elements = values[frame, beat * lanes : (beat + 1) * lanes]
        expected = sum((int(v) % (1 << bits)) << (bits * i) for i, v in enumerate(elements))
        assert int.from_bytes(words[frame, beat].tobytes(), "little") == expected


def test_many_frames_go_in_pieces() -> None:
    form = WordFormat(3, True, 784, beats=1)
    values = np.random.default_rng(2).integers(-4, 4, (3000, 784))
    assert np.array_equal(unpack(pack(values, form), form), values)


def test_no_frames() -> None:
    form = WordFormat(3, True, 4, beats=2)
    assert unpack(pack(np.zeros((0, 8), np.int64), form), form).shape == (0, 8)


@pytest.mark.parametrize("value", [-5, 4])
def test_value_outside_the_type(value: int) -> None:
    with pytest.raises(ValueError, match="outside"):
        pack(np.full((1, 2), value), WordFormat(3, True, 2, 1))


def test_wrong_size() -> None:
    with pytest.raises(ValueError, match="items per frame"):
        pack(np.zeros((2, 7), np.int64), WordFormat(3, True, 4, 2))
