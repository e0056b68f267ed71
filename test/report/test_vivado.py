"""Reports of Vivado: tables of several versions and families."""

import pytest

from qnn_ir.errors import UserError
from qnn_ir.report.measured import instances_of, kernel_of
from qnn_ir.report.vivado import hierarchy, power, timing, utilization

SEVEN = """
1. Slice Logic
+----------------------------+------+-------+-----------+-------+
|          Site Type         | Used | Fixed | Available | Util% |
+----------------------------+------+-------+-----------+-------+
| Slice LUTs                 | 5310 |     0 |     53200 |  9.98 |
|   LUT as Logic             | 5000 |     0 |     53200 |  9.40 |
| Slice Registers            | 6100 |     0 |    106400 |  5.73 |
+----------------------------+------+-------+-----------+-------+
2. Memory
+-------------------+------+-------+-----------+-------+
|     Site Type     | Used | Fixed | Available | Util% |
+-------------------+------+-------+-----------+-------+
| Block RAM Tile    | 12.5 |     0 |       140 |  8.93 |
|   RAMB36/FIFO*    |   10 |     0 |       140 |  7.14 |
|   RAMB18          |    5 |     0 |       280 |  1.79 |
+-------------------+------+-------+-----------+-------+
| DSPs           |    3 |     0 |       220 |  1.36 |
"""

ULTRA = """
+----------------------------+--------+-------+------------+-----------+-------+
|          Site Type         |  Used  | Fixed | Prohibited | Available | Util% |
+----------------------------+--------+-------+------------+-----------+-------+
| CLB LUTs                   | 146578 |     0 |          0 |   1182240 | 12.40 |
| CLB Registers              | 125006 |     0 |          0 |    879360 | 14.22 |
| Block RAM Tile             |  261.5 |     0 |          0 |       672 | 38.91 |
| URAM                       |     48 |     0 |          0 |       320 | 15.00 |
| DSPs                       |     15 |     0 |          0 |      1248 |  1.20 |
"""

HIERARCHY = """
| Tool Version : Vivado v.2022.2
| Command      : report_utilization -hierarchical
+---------------------+-----------------------+------------+------------+---------+------+------+--------+--------+------+------------+
|       Instance      |         Module        | Total LUTs | Logic LUTs | LUTRAMs | SRLs | FFs  | RAMB36 | RAMB18 | URAM | DSP Blocks |
+---------------------+-----------------------+------------+------------+---------+------+------+--------+--------+------+------------+
| system_wrapper      |                 (top) |       5000 |       4800 |     100 |  100 | 6000 |      4 |      3 |    0 |          7 |
|   system_i          |                system |       4990 |       4790 |     100 |  100 | 5990 |      4 |      3 |    0 |          7 |
|     accelerator     |  system_accelerator_0 |       4000 |       3900 |      50 |   50 | 5000 |      2 |      3 |    0 |          7 |
|       fc0_U0        | system_accelerator_fc0 |       900 |        900 |       0 |    0 | 1000 |      1 |      1 |    0 |          2 |
|         fc0_U0      |                   fc0 |        100 |        100 |       0 |    0 |    1 |      0 |      0 |    0 |          0 |
|       fc0_width_U0  | accelerator_fc0_width |         80 |         80 |       0 |    0 |   90 |      0 |      0 |    0 |          0 |
|       grp_9         |       accelerator_fc1 | 700(17.5%) |        700 |       0 |    0 |  800 |      0 |      1 |    0 |          1 |
+---------------------+-----------------------+------------+------------+---------+------+------+--------+--------+------+------------+
"""  # noqa: E501

TIMING = """
    WNS(ns)      TNS(ns)  TNS Failing Endpoints  TNS Total Endpoints      WHS(ns)      THS(ns)
    -------      -------  ---------------------  -------------------      -------      -------
     -0.521       -1.000                      2                 1696        0.057        0.000

Clock  Waveform(ns)         Period(ns)      Frequency(MHz)
-----  ------------         ----------      --------------
clk_fpga_0  {0.000 5.000}        10.000          100.000         
slow   {0.000 25.000}       50.000           20.000         
"""  # noqa: W291


def test_seven_series() -> None:
    assert utilization(SEVEN, "x") == {"lut": 5310, "ff": 6100, "bram18": 25, "dsp": 3}


def test_ultrascale_with_the_columns_of_today() -> None:
    assert utilization(ULTRA, "x") == {"lut": 146578, "ff": 125006, "bram18": 523, "dsp": 15, "uram": 48}


def test_hierarchies() -> None:
    rows = hierarchy(HIERARCHY)
    assert [row.depth for row in rows] == [0, 1, 2, 3, 4, 3, 3]
    assert utilization(HIERARCHY, "x") == {"lut": 5000, "ff": 6000, "bram18": 11, "dsp": 7, "uram": 0}
    assert kernel_of(rows, "accelerator")["lut"] == 4000
    found = instances_of(rows, "accelerator", ["fc0", "fc1", "fc0_width", "fc2"])
    assert {name: used["lut"] for name, used in found.items()} == {"fc0": 900, "fc0_width": 80, "fc1": 700}
    assert found["fc0"]["bram18"] == 3


def test_timing_and_power() -> None:
    assert timing(TIMING, "x") == {"wns_ns": -0.521, "whs_ns": 0.057, "period_ns": 10.0, "fmax_mhz": 95.05}
    rows = "| Total On-Chip Power (W)  | 1.725 |\n| Dynamic (W)  | 1.584 |\n| Confidence Level  | Low  |\n"
    assert power(rows, "x") == {"power_w": 1.725, "dynamic_w": 1.584, "confidence": "Low"}


@pytest.mark.parametrize("read", [utilization, timing, power])
def test_what_is_no_report(read) -> None:
    with pytest.raises(UserError, match=r"^a\.rpt: no "):
        read("| Nothing | 1 |\n", "a.rpt")
