"""Which tools are found, where, in which versions, and what is said when one is missing or too old."""

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from synth_builds import STANDINS, install

from qnn_ir.driver.synth import arguments
from qnn_ir.driver.synth.capabilities import first_for_part, tool_kinds, tool_named, version_key
from qnn_ir.driver.synth.launch import Launcher
from qnn_ir.driver.synth.tools import Finder
from qnn_ir.emit.scripts import text
from qnn_ir.errors import UserError

Synth = Callable[..., int]
PART = "xc7z020clg400-1"


def found(finder: Finder, kind: str = "hls", part: str = PART) -> str:
    tool = finder.newest(kind, part)
    return f"{tool.kind.name} {tool.version}"


@pytest.mark.parametrize(
    ("programs", "kind", "expected"),
    [
        (["Vivado/2019.2/bin/vivado_hls"], "hls", "vivado_hls 2019.2"),
        (["Vitis_HLS/2020.2/bin/vitis_hls", "Vitis_HLS/2022.2/bin/vitis_hls"], "hls", "vitis_hls 2022.2"),
        (["Vitis_HLS/2022.2/bin/vitis_hls", "Vitis_HLS/2022.2.1/bin/vitis_hls"], "hls", "vitis_hls 2022.2.1"),
        (["Vitis_HLS/2023.2/bin/vitis_hls", "Vivado/2019.2/bin/vivado_hls"], "hls", "vitis_hls 2023.2"),
        (["Vitis/2024.2/bin/vitis-run", "Vitis/2024.2/bin/vitis_hls"], "hls", "vitis-run 2024.2"),
        (["2025.1/Vitis/bin/vitis-run", "Vitis_HLS/2023.2/bin/vitis_hls"], "hls", "vitis-run 2025.1"),
        (["Vivado/2021.1/bin/vivado", "2025.1/Vivado/bin/vivado"], "vivado", "vivado 2025.1"),
        (["Vivado/2019.2/bin/vivado"], "vivado", "vivado 2019.2"),
        (["Vitis/2022.1/bin/v++"], "link", "v++ 2022.1"),
    ],
)
def test_layouts_of_the_installers(programs: list[str], kind: str, expected: str, tmp_path: Path) -> None:
    root = install(tmp_path / "tools of 'X'", *programs)
    assert found(Finder(Launcher(), str(root)), kind) == expected


@pytest.mark.parametrize("folder", ["", "Vitis_HLS", "Vitis_HLS/2022.2", "Vitis_HLS/2022.2/bin"])
def test_the_folder_may_be_any_of_an_installation(folder: str, tmp_path: Path) -> None:
    install(tmp_path, "Vitis_HLS/2022.2/bin/vitis_hls")
    assert found(Finder(Launcher(), str(tmp_path / folder))) == "vitis_hls 2022.2"


def test_a_version_can_be_chosen(tmp_path: Path) -> None:
    root = install(tmp_path, *(f"Vitis_HLS/{v}/bin/vitis_hls" for v in ("2021.1", "2022.2.1", "2023.2")))
    assert found(Finder(Launcher(), str(root), "2022.2")) == "vitis_hls 2022.2.1"
    with pytest.raises(UserError, match=r"no version 2022\.1: there is Vitis HLS 2021\.1, .*--tool-version"):
        Finder(Launcher(), str(root), "2022.1").newest("hls", PART)


def test_the_newest_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QNN_STANDIN_VERSION", "2022.2")
    assert found(Finder(Launcher())) == "vitis_hls 2022.2"


def test_a_part_that_the_version_lacks(tmp_path: Path) -> None:
    root = install(tmp_path, "Vivado/2020.1/bin/vivado")
    with pytest.raises(UserError) as caught:
        Finder(Launcher(), str(root)).newest("vivado", "xck26-sfvc784-2LV-c")
    assert str(caught.value) == (
        "Vivado 2020.1 does not know xck26-sfvc784-2LV-c (Kria K26); install Vivado 2021.1 or newer"
    )


def test_versions_that_nobody_knows(tmp_path: Path) -> None:
    root = install(tmp_path, "Vitis_HLS/2031.1/bin/vitis_hls")
    with pytest.raises(UserError, match=r"Vitis HLS 2031\.1 is of no version that we know; install"):
        Finder(Launcher(), str(root)).newest("hls", PART)


def test_programs_that_do_not_tell_their_version(tmp_path: Path) -> None:
    program = tmp_path / "Vitis_HLS" / "2022.2" / "bin" / "vitis_hls"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\necho hello\n")
    program.chmod(0o755)
    with pytest.raises(UserError, match="no Vitis HLS found"):
        Finder(Launcher(), str(tmp_path)).newest("hls", PART)


def test_features_that_a_tool_lacks(
    build: Path, synth: Synth, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = build / "hls" / "accelerator.cpp"
    source.write_text(source.read_text() + "#pragma HLS INTERFACE s_axilite port=w storage_impl=uram\n")
    root = install(tmp_path / "x", "Vivado/2020.1/bin/vivado_hls")
    assert synth(build, "--tool-dir", root, "--steps", "csynth") == 1
    line = capsys.readouterr().err.strip()
    assert "Vivado HLS 2020.1 has no weights in UltraRAM" in line
    assert len(line.splitlines()) == 1


def test_without_any_tool_one_line_names_the_scripts(
    build: Path, synth: Synth, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert synth(build) == 1
    line = capsys.readouterr().err.strip()
    assert len(line.splitlines()) == 1
    assert "no Vitis HLS found" in line
    assert "the scripts are ready (hls/run_hls.tcl" in line
    assert "Vitis HLS 2020.2 to 2024.2" in line
    assert not (build / "synth").exists()


def test_without_vivado_the_way_ends_at_the_ip(
    build: Path, synth: Synth, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = install(tmp_path / "x", "Vitis_HLS/2022.2/bin/vitis_hls")
    assert synth(build, "--tool-dir", root) == 0
    error = capsys.readouterr().err
    assert "warning: no Vivado found" in error
    assert "left out bitstream" in error
    assert (build / "synth" / "ip" / "accelerator.zip").is_file()
    assert synth(build, "--tool-dir", root, "--steps", "bitstream") == 1
    assert "no Vivado found: no vivado is below" in capsys.readouterr().err


def test_a_prefix_runs_everything_elsewhere(
    build: Path, synth: Synth, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As ssh does: words joined by blanks, evaluated by the shell of the other side, in another folder."""
    other = tmp_path / "ssh it's"
    log = tmp_path / "lines"
    other.write_text(
        f'#!/bin/sh\n[ "$1" = host ] || exit 255\nshift\necho "$*" >> {shlex.quote(str(log))}\ncd /\n'
        f'PATH={shlex.quote(str(STANDINS))}:$PATH exec sh -c "$*"\n'
    )
    other.chmod(0o755)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert synth(build, "--prefix", f"{shlex.quote(str(other))} host", "--steps", "csynth,ooc") == 0
    assert (build / "synth" / "reports" / "ooc_utilization.rpt").is_file()
    assert "vitis_hls -f run_hls.tcl" in log.read_text()


def test_a_prefix_that_does_not_get_through(
    build: Path, synth: Synth, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ssh = tmp_path / "ssh"
    ssh.write_text("#!/bin/sh\necho 'ssh: connect to host x port 22: No route to host' >&2\nexit 255\n")
    ssh.chmod(0o755)
    assert synth(build, "--prefix", f"{ssh} x") == 1
    assert "No route to host; check --prefix" in capsys.readouterr().err
    assert synth(build, "--prefix", "no-such-program x") == 1
    assert "cannot be started" in capsys.readouterr().err
    assert synth(build, "--prefix", "ssh 'x") == 1
    assert "quote it" in capsys.readouterr().err


def test_environment_modules(
    build: Path, synth: Synth, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".profile").write_text(
        'echo "Welcome"\nmodule() {\n  [ "$1 $2" = "load vitis/2022.2" ] || { echo "module: no $2" >&2; return 1; }\n'
        f"  PATH={shlex.quote(str(STANDINS))}:$PATH\n}}\n"
    )
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert synth(build, "--module", "vitis/2022.2", "--steps", "csynth") == 0
    assert synth(build, "--module", "vitis/1; touch /tmp/x", "--steps", "csynth") == 1
    assert "module: no vitis/1; touch /tmp/x; check --module" in capsys.readouterr().err


def test_the_table_is_complete() -> None:
    for kind in ("hls", "vivado", "link"):
        for row in tool_kinds(kind):
            assert version_key(row.first) <= version_key(row.last)
            assert "{script}" in row.command
            assert row.source
            assert tool_named(row.name) is row
            assert (STANDINS / row.name).exists()
    assert first_for_part(PART) is None
    assert first_for_part("XCK26-sfvc784-2LV-c") == ("2021.1", "Kria K26")


def test_strategies_are_those_of_the_scripts() -> None:
    assert arguments.STRATEGIES == text.STRATEGIES
