"""
Registers of arguments: examples of UG1399, and of driver headers that Vitis HLS and Vivado HLS wrote for public designs
whose parameters are known.
"""

import pytest

from qnn_ir.emit.interface import Interface, MemoryPort, Port
from qnn_ir.emit.registers import Array, Register, Scalar, register_map


def offsets(**arguments: Scalar | Array) -> dict[str, int]:
    return {name: register.offset for name, register in register_map(arguments).items()}


def test_scalars() -> None:
    """UG1399: data and one word more; a kernel of two inputs, an output and a size has 0x10, 0x1c, 0x28, 0x34."""
    assert offsets(a=Scalar(8), b=Scalar(32), c=Scalar(64), d=Scalar(1)) == {"a": 0x10, "b": 0x18, "c": 0x20, "d": 0x2C}
    pointers = offsets(in1=Scalar(64), in2=Scalar(64), out=Scalar(64), size=Scalar(32))
    assert pointers == {"in1": 0x10, "in2": 0x1C, "out": 0x28, "size": 0x34}


def test_arrays_are_aligned_to_their_size() -> None:
    """Vitis HLS 2023.1: three arrays of ten 32-bit words each."""
    array = Array(32, 10)
    assert offsets(a=array, b=array, result=array) == {"a": 0x40, "b": 0x80, "result": 0xC0}


def test_an_argument_takes_the_lowest_free_place() -> None:
    """A convolution of 8-bit images: weights and bias, its last parameters, lie before the images."""
    places = offsets(image_in=Array(8, 7744), image_out=Array(8, 7396), weights=Array(8, 9), bias=Scalar(32))
    assert places == {"image_in": 0x2000, "image_out": 0x4000, "weights": 0x10, "bias": 0x20}


def test_elements_wider_than_a_word() -> None:
    """MachSuite's breadth-first search: elements of 128, 64 and 8 bits around a 64-bit scalar."""
    assert offsets(
        nodes=Array(128, 256), edges=Array(64, 4096), start=Scalar(64), level=Array(8, 256), counts=Array(64, 10)
    ) == {"nodes": 0x1000, "edges": 0x8000, "start": 0x10, "level": 0x100, "counts": 0x80}


def test_many_arrays() -> None:
    """MachSuite's back-propagation, 64-bit elements."""
    arguments = {"weights1": 832, "weights2": 4096, "weights3": 192, "biases1": 64, "biases2": 64, "biases3": 3}
    arguments |= {"data": 2119, "targets": 489}
    assert offsets(**{name: Array(64, words) for name, words in arguments.items()}) == {
        "weights1": 0x2000,
        "weights2": 0x8000,
        "weights3": 0x800,
        "biases1": 0x200,
        "biases2": 0x400,
        "biases3": 0x20,
        "data": 0x10000,
        "targets": 0x1000,
    }


@pytest.mark.parametrize(("bits", "words", "size"), [(1, 4, 4), (9, 3, 6), (24, 384, 1536), (48, 256, 2048)])
def test_elements_are_padded(bits: int, words: int, size: int) -> None:
    """To bytes, half words or whole words: 48 bits take two of them."""
    assert Register(0, Array(bits, words)).as_json() == {"offset": 0, "bytes": size}


def test_a_single_word_takes_eight_bytes() -> None:
    assert offsets(a=Array(32, 1), b=Array(32, 2), c=Scalar(32)) == {"a": 0x10, "b": 0x18, "c": 0x20}


def test_registers_of_an_accelerator() -> None:
    """The count of frames first; pointers, then arrays from the smallest: free places are never needed."""
    ports = (Port("in0", 64, 3, True, in_memory=True), Port("out0", 8, 1, False, in_memory=True))
    memories = (
        MemoryPort("large", 128, 64, "registers"),
        MemoryPort("outside", 512, 9, "memory"),
        MemoryPort("small", 8, 100, "registers_uram"),
    )
    interface = Interface("net", ports, memories)
    assert interface.arguments == ["frames", "in0", "out0", "outside", "small", "large"]
    assert {name: register.as_json() for name, register in interface.registers().items()} == {
        "frames": {"offset": 0x10, "bits": 32},
        "in0": {"offset": 0x18, "bits": 64},
        "out0": {"offset": 0x24, "bits": 64},
        "outside": {"offset": 0x30, "bits": 64},
        "small": {"offset": 0x80, "bytes": 100},
        "large": {"offset": 0x400, "bytes": 1024},
    }


def test_streams_have_no_registers() -> None:
    interface = Interface("net", (Port("in0", 64, 3, True), Port("out0", 8, 1, False)))
    assert list(interface.registers()) == ["frames"]
