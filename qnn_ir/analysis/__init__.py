"""Exact reasoning about quantised networks: pure Python and NumPy, no IR."""
