"""What goes wrong at run time, each in one line."""

from __future__ import annotations


class DriverError(Exception):
    """A problem of the user or of the board in one line: what is wrong and, after a semicolon, what to do."""

    def __init__(self, what: str, remedy: str = "") -> None:
        text = f"{what}; {remedy}" if remedy else what
        super().__init__(" ".join(text.split()))
