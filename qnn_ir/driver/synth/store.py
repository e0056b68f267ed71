"""
Where finished steps are kept: `OUT/synth/steps/<step>/`, and by content in a cache that all builds share.

A finished step is a folder: `step.json` (its key, the tool, the digest of every file), `tool.log`, `products/` (as they
lie below `OUT/synth`) and `state/` (what later steps go on with). It comes into being by one rename, in the cache and
in OUT, so that a kill at any moment leaves a whole step or none. What a digest does not confirm is not used.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

RECORD = "step.json"
LOG = "tool.log"
PRODUCTS, STATE = "products", "state"

_NEW, _OLD = ".new-", ".old-"


def default_cache() -> Path:
    """`~/.cache/qnn-ir`, or where the XDG base directories say."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base and os.path.isabs(base) else Path.home() / ".cache") / "qnn-ir"


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files_below(folder: Path) -> list[Path]:
    """All files below `folder`, relative to it, sorted."""
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


def record_of(folder: Path, key: str) -> dict[str, Any] | None:
    """The record of a finished step with that key whose files are all as they were made, else None."""
    try:
        record: dict[str, Any] = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        if record["key"] != key:
            return None
        whole = all(digest(folder / name) == value for name, value in record["files"].items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return record if whole else None


def seal(folder: Path, record: Mapping[str, Any]) -> None:
    """Complete a step that lies in `folder`: its record, with the digests of all its files but the log."""
    digests = {p.as_posix(): digest(folder / p) for p in files_below(folder) if p.name != LOG or len(p.parts) > 1}
    text = json.dumps({**record, "files": digests}, indent=1) + "\n"
    (folder / RECORD).write_text(text, encoding="utf-8")


class Cache:
    """Steps by key in `root/synth`. Safe with any number of users: entries only appear, whole, by a rename."""

    def __init__(self, root: Path):
        self.root = root / "synth"

    def entry(self, key: str) -> Path:
        return self.root / key[:2] / key

    def find(self, key: str) -> Path | None:
        """The folder of a finished step, None where there is none that is whole."""
        entry = self.entry(key)
        if not entry.is_dir():
            return None
        if record_of(entry, key) is not None:
            return entry
        shutil.rmtree(entry, ignore_errors=True)
        return None

    def add(self, folder: Path, key: str) -> None:
        """Copy a sealed step in. Another user may have been faster; then theirs stays."""
        entry = self.entry(key)
        entry.parent.mkdir(parents=True, exist_ok=True)
        with _fresh(entry.parent) as fresh:
            shutil.copytree(folder, fresh, dirs_exist_ok=True)
            try:
                fresh.rename(entry)
            except OSError:
                if not entry.is_dir():
                    raise


def place(source: Path, target: Path) -> None:
    """Make `target` a copy of the folder `source` by a rename; what was there goes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with _fresh(target.parent) as fresh:
        shutil.copytree(source, fresh, dirs_exist_ok=True)
        swap(fresh, target)


def swap(fresh: Path, target: Path) -> None:
    """Put the folder `fresh` in the place of `target`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        old = Path(tempfile.mkdtemp(prefix=_OLD, dir=target.parent))
        target.rename(old / "it")
        fresh.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    else:
        fresh.rename(target)


def place_file(source: Path, target: Path) -> None:
    """Copy one file by a rename; a file that is there already with the same contents stays."""
    if target.is_file() and target.stat().st_size == source.stat().st_size and digest(target) == digest(source):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=_NEW, dir=target.parent)
    os.close(handle)
    try:
        shutil.copyfile(source, name)
        shutil.copymode(source, name)
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def sweep(folder: Path) -> None:
    """Remove what killed runs have left below `folder`. The caller holds the lock of the build."""
    for left in [path for prefix in (_NEW, _OLD) for path in folder.rglob(f"{prefix}*")]:
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


@contextmanager
def _fresh(parent: Path) -> Generator[Path]:
    fresh = Path(tempfile.mkdtemp(prefix=_NEW, dir=parent))
    try:
        fresh.chmod(0o755)
        yield fresh
    finally:
        if fresh.is_dir():
            shutil.rmtree(fresh, ignore_errors=True)
