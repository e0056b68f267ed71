"""The dialects, one package per level: `qnn` (tensors), `stream` (actors and channels), `hlsc` (processes)."""
