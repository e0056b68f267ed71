"""A report of three layers, and what tools have measured of them."""

from synth_builds import LAYERS

from qnn_ir.report.resources import total

DEVICE = {"lut": 1000, "ff": 2000, "bram18": 10, "dsp": 0, "uram": 0}
ESTIMATED = [{"lut": 500, "bram18": 1, "dsp": 0, "uram": 0}, {"lut": 20, "bram18": 0, "dsp": 0, "uram": 0}]
REPORT = {
    "version": "0", "model": "net.onnx", "board": "board", "part": "part", "clock_mhz": 100.0, "cycles_per_frame": 128,
    "frames_per_second": 781250.0, "weight_bits": 4608,
    "transfers": [{"port": "in0", "bytes": 128, "cycles": 16}], "device": DEVICE, "estimated": total(ESTIMATED),
    "layers": [row | {"estimated": figures} for row, figures in zip(LAYERS, ESTIMATED, strict=False)],
}  # fmt: skip
MEASURED = {
    "synthesised": {
        "tool": "Vitis HLS 2022.2", "lut": 700, "clock_ns": 7.0, "target_ns": 10.0,
        "processes": {"fc0": {"lut": 300, "ii": 2}, "pack_output": {"lut": 5}},
    },
    "placed": {"tool": "Vivado 2022.2", "lut": 1200, "wns_ns": -0.25, "processes": {}},
}  # fmt: skip
