"""What all tests share."""

import os

import pytest

# The tests run in parallel already: BLAS threads on top of that only fight for the cores.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--cnn-seeds", default="0:0", metavar="FIRST:END", help="more random CNNs through compiled C++")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "cnn_seed" in metafunc.fixturenames:
        first, end = map(int, metafunc.config.getoption("--cnn-seeds").split(":"))
        metafunc.parametrize("cnn_seed", range(first, end))
