"""A folder appears complete or not at all."""

import os
from pathlib import Path

import pytest

from qnn_ir.driver import atomic
from qnn_ir.driver.atomic import MARKER, atomic_folder
from qnn_ir.errors import UserError

OURS = '{"input_ports": []}'


def content(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*") if p.is_file()}


def test_new_folder_with_its_parents(tmp_path: Path) -> None:
    files = {MARKER: OURS, "hls/net.cpp": "int x;\n"}
    atomic_folder(tmp_path / "a" / "b" / "out", files)
    assert content(tmp_path / "a" / "b" / "out") == files
    assert os.listdir(tmp_path / "a" / "b") == ["out"]


def test_old_files_do_not_survive(tmp_path: Path) -> None:
    atomic_folder(tmp_path / "out", {MARKER: OURS, "old": "x"})
    atomic_folder(tmp_path / "out", {MARKER: OURS + " ", "new": "y"})
    assert content(tmp_path / "out") == {MARKER: OURS + " ", "new": "y"}
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize("step", ["_write", "_swap"])
def test_failure_leaves_the_old_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    atomic_folder(tmp_path / "out", {MARKER: OURS})

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic, step, fail)
    with pytest.raises(UserError, match="No space left"):
        atomic_folder(tmp_path / "out", {MARKER: OURS + " "})
    assert content(tmp_path / "out") == {MARKER: OURS}
    assert os.listdir(tmp_path) == ["out"]


def test_failing_second_rename_is_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    atomic_folder(tmp_path / "out", {MARKER: OURS})
    rename, calls = Path.rename, []

    def second_fails(self: Path, to: Path) -> Path:
        calls.append(self)
        if len(calls) == 2:
            raise OSError(5, "Input/output error")
        return rename(self, to)

    monkeypatch.setattr(Path, "rename", second_fails)
    with pytest.raises(UserError, match="Input/output"):
        atomic_folder(tmp_path / "out", {MARKER: OURS + " "})
    assert content(tmp_path / "out") == {MARKER: OURS}
    assert os.listdir(tmp_path) == ["out"]


def test_failure_takes_its_parents_back(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="leaves the folder"):
        atomic_folder(tmp_path / "a" / "out", {"../x": ""})
    assert os.listdir(tmp_path) == []


def test_foreign_folders_and_files_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "thesis.tex").write_text("x")
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="someone else"):
        atomic_folder(tmp_path / "work", {MARKER: OURS})
    with pytest.raises(UserError, match="no folder"):
        atomic_folder(tmp_path / "file", {MARKER: OURS})
    with pytest.raises(UserError, match="cannot create"):
        atomic_folder(tmp_path / "file" / "out", {MARKER: OURS})
    (tmp_path / "extension").mkdir()
    (tmp_path / "extension" / MARKER).write_text('{"manifest_version": 3}')
    with pytest.raises(UserError, match="someone else"):
        atomic_folder(tmp_path / "extension", {MARKER: OURS})
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="current folder"):
        atomic_folder(Path("."), {MARKER: OURS})
    assert (tmp_path / "work" / "thesis.tex").read_text() == "x"


def test_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    atomic_folder(tmp_path / "link", {MARKER: OURS})
    assert (tmp_path / "link").is_symlink()
    assert content(tmp_path / "real") == {MARKER: OURS}
