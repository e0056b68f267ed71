"""Finds AMD's Apache-2.0 `ap_int.h` family inside an installed hls4ml, for tests that compare with it."""

import importlib.util
import os
from pathlib import Path

import pytest


def amd_include_dir(tmp_path: Path) -> Path:
    """
    A directory with AMD's `ap_*.h`, `etc/` and `utils/` as links and nothing else, so that no other file of that
    package is found by accident. From the directory in QNN_IR_AP_TYPES or from the installed hls4ml, which is not
    imported; skips the test when there is neither."""
    source = _source()
    if source is None:
        pytest.skip("needs hls4ml (dev extra) or QNN_IR_AP_TYPES for AMD's ap_int.h")
    target = tmp_path / "amd_include"
    target.mkdir()
    for path in sorted(source.iterdir()):
        if path.name in ("etc", "utils") or (path.name.startswith("ap_") and path.suffix == ".h"):
            (target / path.name).symlink_to(path)
    return target


def _source() -> Path | None:
    named = os.environ.get("QNN_IR_AP_TYPES")
    if named:
        return Path(named)
    spec = importlib.util.find_spec("hls4ml")
    for location in (spec.submodule_search_locations or []) if spec else []:
        path = Path(location) / "templates" / "vivado" / "ap_types"
        if (path / "ap_int.h").is_file():
            return path
    return None
