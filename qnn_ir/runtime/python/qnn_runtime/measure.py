"""Speed and accuracy."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from .calls import Calls
from .errors import DriverError
from .network import Array, Network

_WARM_UP_CALLS = 3
_LATENCY_CALLS = 50


def classes(output: Any) -> Array:
    """The class of each frame from the (first) output `(N, ...)`."""
    first: Array = output if hasattr(output, "reshape") else output[0]
    flat: Array = first.reshape(len(first), -1)
    return flat[:, 0].astype(np.int64) if flat.shape[1] == 1 else flat.argmax(axis=1)


def accuracy(found: Array, labels: Any) -> float:
    """The share of frames whose class is the label."""
    wanted = np.asarray(labels)
    if wanted.size != len(found) or wanted.dtype.kind not in "fiub":
        what = f"labels of shape {wanted.shape} and type {wanted.dtype} for {len(found)} frames"
        raise DriverError(what, "give one number per frame")
    return float((found == wanted.reshape(-1)).mean())


def throughput(network: Network, calls: Calls, seconds: float) -> dict[str, float]:
    """
    The accelerator's own speed, without the work of the host: `frames_per_s` with full batches back to back, after a
    warm-up and with all buffers in use, `latency_ms` of a call of one frame (median), `mbytes_per_s` of the words in
    and out.
    """
    _back_to_back(calls, calls.batch, _WARM_UP_CALLS)
    done, start, spent = 0, time.perf_counter(), 0.0
    while spent < seconds:
        done += _back_to_back(calls, calls.batch, _WARM_UP_CALLS)
        spent = time.perf_counter() - start
    rate = done / spent
    size = sum(network.input_bytes) + sum(network.output_bytes)
    return {
        "batch": calls.batch,
        "frames_per_s": rate,
        "latency_ms": 1e3 * float(np.median([_seconds_of_one(calls) for _ in range(_LATENCY_CALLS)])),
        "mbytes_per_s": rate * size / 1e6,
    }


def _nothing(_data: list[Any]) -> None:
    """The buffers hold frames of an earlier call, or zeros: the time does not depend on them."""


def _back_to_back(calls: Calls, frames: int, count: int) -> int:
    """Start `count` calls, the next one as soon as the last is done; how many frames that were."""
    for _ in range(count):
        calls.submit(frames, _nothing, _nothing)
    return count * frames


def _seconds_of_one(calls: Calls) -> float:
    calls.drain()
    start = time.perf_counter()
    calls.submit(1, _nothing, _nothing)
    calls.drain()
    return time.perf_counter() - start
