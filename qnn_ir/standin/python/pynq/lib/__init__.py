"""Drivers of IP."""

from pynq.lib import dma

__all__ = ["dma"]
