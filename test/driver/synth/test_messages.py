"""What the tools say, as users have published it: phases, and the line that matters of logs that end in an error."""

import pytest

from qnn_ir.driver.synth.messages import failure_in, phase_of, process_in

PROCESSES = ["fc0", "fc0_width", "fc1"]
SOURCE = "void top_is_elsewhere();\n\nstatic void fc0(int a) {\n  x;\n}\n\nstatic void fc1(int a) {\n  y;\n}\n"


@pytest.mark.parametrize(
    ("line", "phase"),
    [
        ("INFO: [HLS 200-10] Analyzing design file 'accelerator.cpp' ... ", "analysing accelerator.cpp"),
        ("INFO: [HLS 200-42] -- Implementing module 'fc0' ", "scheduling fc0"),
        ("INFO: [HLS 200-10] -- Generating RTL for module 'fc0' ", "generating RTL of fc0"),
        ("INFO: [SIM 211-2] *************** CSIM start ***************", "C simulation"),
        ("INFO: [COSIM 212-47] *** C/RTL co-simulation started", "co-simulation"),
        ("// RTL Simulation : 3 / 10 [n/a] @ \"125000\"", "co-simulation, transaction 3 / 10"),
        ("Command: place_design -directive Explore", "place_design"),
        ("Phase 2.1 Floorplanning", "phase 2.1 Floorplanning"),
        ("Starting Placer Task", "Placer"),
        ("[11:27:52] Run vpl: Step generate_target: Started", "link, generate_target"),
        (
            "[11:29:26] Block-level synthesis in progress, 7 of 45 jobs complete, 7 jobs running.",
            "link, synthesis of 7 of 45 blocks",
        ),
        ("INFO: [HLS 200-111] Finished Command", None),
        ("[11:27:52] Run vpl: Step update_bd: Completed", None),
    ],
)  # fmt: skip
def test_phases(line: str, phase: str | None) -> None:
    assert phase_of(line) == phase


@pytest.mark.parametrize(
    ("log", "line", "process"),
    [
        (
            [
                "INFO: [HLS 200-42] -- Implementing module 'fc1' ",
                "ERROR: [XFORM 203-504] Stop unrolling loop 'i_loop'",
                "ERROR: [HLS 200-70] Pre-synthesis failed.",
                "command 'ap_source' returned error code",
            ],
            "ERROR: [XFORM 203-504] Stop unrolling loop 'i_loop'",
            "fc1",
        ),
        (
            ["ERROR: [HLS 207-3801] unknown type name 'x' (accelerator.cpp:4:3)", "ERROR: [HLS 200-1715] Encountered"],
            "ERROR: [HLS 207-3801] unknown type name 'x' (accelerator.cpp:4:3)",
            "fc0",
        ),
        (
            ["../accelerator.cpp:8:3: error: use of undeclared identifier 'y'", "ERROR: [SIM 211-100] CSim failed"],
            "../accelerator.cpp:8:3: error: use of undeclared identifier 'y'",
            "fc1",
        ),
        (
            [
                "ERROR: [Place 30-640] Place Check : This design requires more LUT cells than are available",
                "ERROR: [Common 17-69] Command failed",
            ],
            "ERROR: [Place 30-640] Place Check : This design requires more LUT cells than are available",
            None,
        ),
        (
            [
                "ERROR: [VPL 60-1328] Vpl run 'vpl' failed",
                "ERROR: [VPL 17-58] no clock",
                "ERROR: [v++ 60-703] Failed to finish linking",
            ],
            "ERROR: [VPL 17-58] no clock",
            None,
        ),
        (
            ["ERROR: [XFORM 1-1] function 'fc0_width_Pipeline_each_frame' has no II"],
            "ERROR: [XFORM 1-1] function 'fc0_width_Pipeline_each_frame' has no II",
            "fc0_width",
        ),
        (["CRITICAL WARNING: [X 1-1] odd", "WARNING: [X 1-2] nothing"], "CRITICAL WARNING: [X 1-1] odd", None),
        (["", "Segmentation fault (core dumped)", ""], "Segmentation fault (core dumped)", None),
        (["hello", ""], "hello", None),
        ([], "the tool said nothing", None),
    ],
)  # fmt: skip
def test_failures(log: list[str], line: str, process: str | None) -> None:
    failure = failure_in(log, PROCESSES, {"accelerator.cpp": SOURCE})
    assert (failure.line, failure.process) == (line, process)


@pytest.mark.parametrize(
    ("line", "remedy"),
    [
        ("ERROR: [Common 17-345] A valid license was not found for feature 'Synthesis'", "licence"),
        ("ERROR: [HLS 200-1023] Part 'xczu48dr' is not installed: device not found", "--tool-version"),
        ("tclsh: No space left on device", "free space"),
        ("terminate called after throwing an instance of 'std::bad_alloc'", "--jobs"),
    ],
)
def test_remedies(line: str, remedy: str) -> None:
    failure = failure_in(["ERROR: [X 1-1] first", line], [], {})
    assert failure.line == line
    assert remedy in failure.remedy


def test_the_longest_name_is_meant() -> None:
    assert process_in("accelerator_fc0_width_U0 failed", PROCESSES) == "fc0_width"
    assert process_in("fc0_1", PROCESSES) == "fc0"
    assert process_in("fc01", PROCESSES) is None


def test_long_lines_are_cut() -> None:
    assert len(failure_in(["ERROR: " + "x" * 5000], [], {}).line) < 400
