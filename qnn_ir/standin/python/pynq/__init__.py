"""
A stand-in for PYNQ, the part of it that drivers of accelerators use.

An `Overlay` puts the compiled C++ of the accelerator, found beside the bitstream's name in `hls/`, behind the registers
and DMA engines that the block design would have. No bitstream is read. Behaviour after PYNQ 3 (pynq.readthedocs.io).
"""

from pynq import lib
from pynq.bitstream import Bitstream
from pynq.buffer import PynqBuffer, allocate
from pynq.interrupt import Interrupt
from pynq.mmio import MMIO
from pynq.overlay import DefaultIP, Overlay
from pynq.ps import Clocks

__version__ = "3.0.1"
__all__ = ["MMIO", "Bitstream", "Clocks", "DefaultIP", "Interrupt", "Overlay", "PynqBuffer", "allocate", "lib"]
