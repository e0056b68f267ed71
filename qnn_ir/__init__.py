"""qnn-ir: compile quantised neural networks (ONNX) into streaming FPGA accelerators."""

__version__ = "0.1.0"
