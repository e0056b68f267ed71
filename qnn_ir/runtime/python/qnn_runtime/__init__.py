"""Drives an accelerator that qnn-ir generated, from a deployment folder: NumPy, and `pynq` or `pyxrt` for the board."""

from .accelerator import Accelerator, Job
from .errors import DriverError

__all__ = ["Accelerator", "DriverError", "Job"]
