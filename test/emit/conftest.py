"""Golden files: `pytest test/emit/test_golden.py --refresh-golden` writes them anew."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--refresh-golden", action="store_true", help="write the golden files of generated code anew")
