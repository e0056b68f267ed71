"""The table of layers with what tools have measured, and warnings."""

import json

from report_examples import DEVICE, MEASURED, REPORT

from qnn_ir.report.measured import calibration, with_measured
from qnn_ir.report.resources import shares, total, warnings
from qnn_ir.report.table import layer_table


def test_known_columns_only() -> None:
    text = layer_table(REPORT).splitlines()
    assert text[0].split()[-2:] == ["LUT", "BRAM18"]
    assert text[3].split() == ["total", "520", "1"]
    assert text[4].split() == ["%", "of", "board", "52", "10"]


def test_measured_columns_stand_beside_the_estimates() -> None:
    report = with_measured(REPORT, MEASURED)
    assert report["layers"][0]["synthesised"] == {"lut": 300, "ii": 2, "cycles": 128}
    assert "synthesised" not in report["layers"][1]
    text = layer_table(report).splitlines()
    assert "LUT est  BRAM18 est  LUT syn  LUT placed" in text[0]
    assert "synthesised by Vitis HLS 2022.2: 7 ns per cycle of 10 ns" in text
    assert "placed by Vivado 2022.2: slack -0.25 ns" in text
    assert text[-2:] == [
        "warning: LUT: placed 1,200 of 1,000 on board: it does not fit",
        "warning: timing is missed by 0.250 ns at 100 MHz",
    ]
    assert "processes" not in json.dumps(report)


def test_what_the_device_does_not_have() -> None:
    assert shares({"dsp": 1, "lut": 100}, DEVICE) == {"lut": 10.0, "dsp": float("inf")}
    assert warnings({"device": DEVICE, "board": "b", "estimated": {"dsp": 1}, "clock_mhz": 1}) == [
        "DSP: estimated 1 of 0 on b: it does not fit"
    ]


def test_totals_need_every_row() -> None:
    assert total([{"lut": 1, "ff": 2}, {"lut": 3}]) == {"lut": 4}
    assert total([]) == {}


def test_lines_for_calibration() -> None:
    lines = calibration(with_measured(REPORT, MEASURED))
    assert lines[0]["tools"] == {"synthesised": "Vitis HLS 2022.2", "placed": "Vivado 2022.2"}
    assert lines[0]["layer"]["pe"] == 4
    assert lines[0]["estimated"]["lut"] == 500
    assert lines[0]["synthesised"]["ii"] == 2
    assert "synthesised" not in lines[1]
    assert "node" not in lines[1]["layer"]  # nothing of the model's names but the layer
