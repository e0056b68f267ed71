"""Write a whole folder at once: complete in place, or not at all and the old one untouched."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from qnn_ir.errors import UserError

MARKER = "manifest.json"
"""A folder that holds this file, with `SIGN` in it, is one of ours and may be replaced."""

SIGN = '"input_ports"'
"""Other programs write files of this name as well."""

_SIGNS = {MARKER: SIGN, "dfx.json": '"partials"'}


def atomic_folder(target: Path, files: Mapping[str, str | bytes]) -> None:
    """
    Make `target` a folder of exactly `files` (relative POSIX path -> content).

    The files are written to a temporary folder beside `target`, which then takes its place by a rename. An existing
    `target` is replaced only if it is empty or one of ours; all else is a `UserError`, as is a failing disk.
    """
    target = Path(os.path.abspath(target)) if not target.is_symlink() else target.resolve()
    check_target(target)
    made = _make_parents(target.parent)
    try:
        _write_and_swap(target, files)
    except OSError as error:
        raise UserError(f"cannot write the output: {error.strerror or error}", str(target)) from error
    finally:
        _remove_empty(made)


def atomic_file(target: Path, content: str | bytes) -> None:
    """Write one file by a rename. Raises `UserError` where that fails."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content.encode() if isinstance(content, str) else content)
            os.chmod(name, 0o666 & ~_umask())
            os.replace(name, target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UserError(f"cannot write the file: {error.strerror or error}", str(target)) from error


def check_target(target: Path) -> None:
    """Fail early, before any work, where `atomic_folder` would refuse `target`."""
    remedy = "choose another output folder"
    if not target.exists():
        return
    if not target.is_dir():
        raise UserError("the output exists and is no folder", str(target), remedy)
    if Path.cwd().is_relative_to(target.resolve()):
        raise UserError("the output would replace the current folder", str(target), remedy)
    if any(target.iterdir()) and not _is_ours(target):
        raise UserError("the output folder holds files of someone else", str(target), remedy)


def _is_ours(folder: Path) -> bool:
    return any(_holds(folder / marker, sign) for marker, sign in _SIGNS.items())


def _holds(path: Path, sign: str) -> bool:
    try:
        return sign in path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return False


def _write_and_swap(target: Path, files: Mapping[str, str | bytes]) -> None:
    fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        for name, content in files.items():
            _write(fresh, name, content)
        fresh.chmod(0o777 & ~_umask())
        _swap(fresh, target)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise


def _write(folder: Path, name: str, content: str | bytes) -> None:
    relative = PurePosixPath(name)
    if relative.is_absolute() or ".." in relative.parts:
        raise ValueError(f"file name leaves the folder: {name!r}")
    path = folder / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def _swap(fresh: Path, target: Path) -> None:
    """Put `fresh` in the place of `target`; two renames, the first undone if the second fails."""
    if not target.exists():
        fresh.rename(target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    target.rename(old)  # POSIX: an empty folder is replaced
    try:
        fresh.rename(target)
    except BaseException:
        old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _make_parents(folder: Path) -> list[Path]:
    """Create `folder`; what had to be made, innermost first."""
    missing = [p for p in (folder, *folder.parents) if not p.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot create the folder: {error.strerror or error}", str(folder)) from error
    return missing


def _remove_empty(folders: list[Path]) -> None:
    """Take back the parents of a run that failed; those that hold the output stay."""
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return


def _umask() -> int:
    current = os.umask(0o022)
    os.umask(current)
    return current
