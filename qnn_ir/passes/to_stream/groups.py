"""Images pixel by pixel, and their channels in groups that are computed apart and meet again."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from xdsl.ir import Operation, SSAValue

from qnn_ir.constants import IntArray
from qnn_ir.dialects import stream
from qnn_ir.dialects.qnn import shape_of
from qnn_ir.dialects.stream import channel
from qnn_ir.passes.to_stream.arrange import arranged, pixels
from qnn_ir.passes.to_stream.movement import cropped
from qnn_ir.passes.to_stream.nests import natural_nest, pixel_axes
from qnn_ir.passes.to_stream.state import Conversion, Unsupported, Wire


class Image(NamedTuple):
    """A tensor of `shape` [N, C, *spatial] pixel by pixel; `channels` is the sequence of them in each pixel."""

    wire: Wire
    shape: tuple[int, ...]
    channels: IntArray


def image_of(op: Operation, x: SSAValue, conversion: Conversion) -> Image:
    """`x` as an image; `Unsupported` where it is none."""
    shape = shape_of(x)
    if len(shape) not in (3, 4):
        raise Unsupported(f"{len(shape) - 2} spatial axes are not supported")
    wire, channels = pixels(op, x, conversion)
    return Image(wire, shape, channels)


def by_group(op: Operation, image: Image, count: int, conversion: Conversion) -> list[Image]:
    """`count` equal groups of channels, each an image of its own."""
    if count == 1:
        return [image]
    wire, (frames, total, *spatial), size = image.wire, image.shape, image.shape[1] // count
    places = np.argsort(image.channels // size, kind="stable").reshape(count, size)
    if np.diff(places, n=2).any():  # no crop takes a group from where its channels are
        wire = arranged(op, wire, image.shape, pixel_order(image.shape, np.arange(total)), conversion)
        image = Image(wire, image.shape, np.arange(total))
        places = np.arange(total).reshape(count, size)
    pixels_, parts = frames * math.prod(spatial), list[Image]()
    for index, place in enumerate(places):
        step = int(place[1] - place[0]) if size > 1 else 1
        kept = [(0, pixels_, 1), (int(place[0]), size, step)]
        name = conversion.names.take(f"{conversion.stem(op)}_group")
        source = cropped(op, wire.channel, (pixels_, total), kept, name, conversion)
        shape, channels = (frames, size, *spatial), image.channels[place] - index * size
        parts.append(Image(Wire(source, pixel_order(shape, channels), True), shape, channels))
    return parts


def side_by_side(op: Operation, parts: Sequence[SSAValue], pixel_count: int, conversion: Conversion) -> SSAValue:
    """The channels of `parts`, `pixel_count` pixels each, one behind the other in every pixel."""
    if len(parts) == 1:
        return parts[0]
    lengths = [channel(part).elements // pixel_count for part in parts]
    name, element = conversion.names.take(f"{conversion.stem(op)}_concat"), channel(parts[0]).element
    actor = stream.ConcatOp(name, parts, lengths, element, pixel_count)
    conversion.emit(op, actor)
    return actor.result


def pixel_order(shape: tuple[int, ...], channels: IntArray) -> IntArray:
    """The order of a tensor [N, C, *spatial] that travels pixel by pixel, `channels` of each in that sequence."""
    return natural_nest(shape, pixel_axes(len(shape))).with_axis(1, channels).order()
