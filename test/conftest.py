"""What all tests share."""

import os

# The tests run in parallel already: BLAS threads on top of that only fight for the cores.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
