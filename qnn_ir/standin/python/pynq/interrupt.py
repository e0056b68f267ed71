"""Interrupt lines."""

import asyncio

from pynq.board import board

LINES: dict[str, int] = {}
"""The address of the registers behind each interrupt pin."""


class Interrupt:
    """The interrupt of a pin, by its full path in the block design."""

    def __init__(self, pinname: str) -> None:
        if pinname not in LINES:
            raise ValueError(f"No Pin of name {pinname} found")
        self._address = LINES[pinname]

    async def wait(self) -> None:
        """Until the line is up."""
        while not board().qnn_board_interrupt(self._address):
            await asyncio.sleep(0)
