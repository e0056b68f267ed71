"""A board without a board: stand-ins for PYNQ and XRT with the compiled accelerator behind the same registers."""
