"""What a simulation of the vendor has made, compared with what g++'s C simulation has made of the same frames."""

from collections.abc import Iterator
from pathlib import Path

EXPECTED, SIMULATED = "expected_", "csim_"
"""How the names of files of words begin: `expected_out0.bin`, `csim_out0.bin`."""


def difference(folder: Path) -> str | None:
    """The first output in `folder` that is not as expected, in words; None where all are."""
    return next(_differences(folder), None)


def _differences(folder: Path) -> Iterator[str]:
    for expected in sorted(folder.glob(f"{EXPECTED}*.bin")):
        port = expected.stem.removeprefix(EXPECTED)
        simulated = folder / f"{SIMULATED}{port}.bin"
        if not simulated.is_file():
            yield f"nothing came out of port {port}"
        elif (one := expected.read_bytes()) != (other := simulated.read_bytes()):
            pairs = enumerate(zip(one, other, strict=False))
            first = next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))
            yield f"port {port} differs from the C++ compiled by g++, first in byte {first} of {len(one)}"
