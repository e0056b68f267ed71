"""`qnnc deploy`: all that a board needs to run an accelerator, in one folder."""

import argparse
import io
import json
import shlex
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from qnn_ir.driver.arrays import as_labels, read_frames, read_labels
from qnn_ir.driver.atomic import MARKER, atomic_folder, check_target
from qnn_ir.driver.deploy_text import example_script, notebook, readme, slots_readme
from qnn_ir.driver.host import read_host
from qnn_ir.driver.manifest import read_manifest
from qnn_ir.emit.host import emit_network, has_pointwise_prologue
from qnn_ir.errors import UserError

Files = dict[str, str | bytes]

SLOTS = "dfx.json"
_AGAIN = "build again with `qnnc build`"
SHELL = "shell.json"
_SHELL = Path("vivado") / SHELL
"""Cells and addresses of the block design."""
_HOST_CPP = ("host.h", "host.cpp", "host_constants.h")


def deploy_command(arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """`qnnc deploy OUT -o DEPLOY`."""
    out, target = arguments.out, arguments.output
    check_target(target)
    check_destination(arguments.to)
    if (out / SLOTS).is_file():
        manifest, contents = slots_deployment(out, arguments)
    else:
        manifest, contents = network_deployment(out, arguments)
    atomic_folder(target, contents | extra_files(arguments.extra, contents))
    if arguments.to:
        copy_to_board(target, arguments.to, arguments.scp)
    lines = [f"{len(contents)} files: {target}"]
    if arguments.without_bitstream:
        lines.append(f"no bitstream: run it with `qnnc loop {shlex.quote(str(target))} --input X.npz`")
    if arguments.to:
        lines.append(f"copied to {arguments.to}")
    return {"output": str(target), "files": sorted(contents), "bitstream": manifest["bitstream"]}, "\n".join(lines)


def network_deployment(out: Path, arguments: argparse.Namespace) -> tuple[dict[str, Any], Files]:
    """Manifest and files for one network."""
    contents = deployment(out, with_bitstream=not arguments.without_bitstream)
    manifest = json.loads(contents[MARKER])
    if arguments.images:
        contents |= images(arguments.images, arguments.labels, manifest)
    if arguments.classes:
        manifest["classes"] = class_names(arguments.classes)
    contents[MARKER] = json.dumps(manifest, indent=1) + "\n"
    pictures = sorted(name for name in contents if name.startswith("images_"))
    return manifest, contents | runtime_files() | documents(manifest, pictures)


def slots_deployment(out: Path, arguments: argparse.Namespace) -> tuple[dict[str, Any], Files]:
    """`dfx.json` and files for several networks in reconfigurable slots (`qnnc dfx`): one below another's folder."""
    if arguments.images or arguments.labels or arguments.classes:
        raise UserError("several networks have no images or classes in common", str(out), "give none")
    facts = json.loads(_read(out / SLOTS))
    full, modules = facts["full"], facts["modules"]
    products = [full["bitstream"], full["hwh"], *(name for module in modules for name in module["partials"].values())]
    contents: Files = {SLOTS: _read(out / SLOTS)}
    if not arguments.without_bitstream:
        contents |= {name: _read(out / "synth" / "bitstream" / name) for name in products}
    contents |= {name: data for name, data in runtime_files().items() if not name.startswith("cpp/")}
    for module in modules:
        folder = module["folder"]
        parts = deployment(out / folder, with_bitstream=False, with_cpp=False)
        contents |= {f"{folder}/{name}": data for name, data in parts.items()}
    contents["README.md"] = slots_readme(facts)
    return full, contents


def deployment(out: Path, *, with_bitstream: bool = True, with_cpp: bool = True) -> Files:
    """What is of the network alone in the deployment of the build folder `out`, but images, by path."""
    manifest = read_manifest(out)
    missing = [key for key in ("kernel", "interface", "registers", "arguments", "board") if key not in manifest]
    if missing:
        raise UserError(f"the manifest lacks {', '.join(missing)}", str(out / MARKER), _AGAIN)
    products = bitstream_files(out, manifest)
    manifest["bitstream"] = next(iter(products))
    if with_cpp:
        manifest["pointwise"] = has_pointwise_prologue(read_host(out))
    contents: Files = {name: _read(out / source) for name, source in products.items()} if with_bitstream else {}
    contents[MARKER] = json.dumps(manifest, indent=1) + "\n"
    contents |= python_host(out) | (cpp_host(out, manifest) if with_cpp else {})
    contents |= {f"hls/{path.name}": _read(path) for path in _sources(out / "hls")}
    contents |= {entry["file"]: _read(out / entry["file"]) for entry in manifest.get("weights", [])}
    return contents | ({SHELL: _read(out / _SHELL)} if (out / _SHELL).is_file() else {})


def bitstream_files(out: Path, manifest: dict[str, Any]) -> dict[str, Path]:
    """Files of the deployment -> where `qnnc synth` leaves them in the build folder; the first one is loaded."""
    kernel = manifest["kernel"]
    is_zynq = manifest["interface"] == "axis" or (out / _SHELL).is_file()
    if not is_zynq:
        return {f"{kernel}.xclbin": Path("synth") / "alveo" / f"{kernel}.xclbin"}
    return {f"{kernel}.{kind}": Path("synth") / "bitstream" / f"{kernel}.{kind}" for kind in ("bit", "hwh")}


def runtime_files() -> Files:
    """The driver in Python and in C++."""
    root, contents = Path(str(files("qnn_ir"))) / "runtime", dict[str, str | bytes]()
    for pattern, prefix in (("python/**/*.py", "python"), ("cpp/*", "")):
        for path in sorted(root.glob(pattern)):
            contents[path.relative_to(root / prefix).as_posix()] = path.read_bytes()
    return contents


def python_host(out: Path) -> Files:
    """The host functions of the network in Python."""
    names = ["host.py", *(["constants.npz"] if (out / "host" / "constants.npz").is_file() else [])]
    return {name: _read(out / "host" / name) for name in names}


def cpp_host(out: Path, manifest: dict[str, Any]) -> Files:
    """The host functions of the network in C++, and what the driver must know."""
    contents: Files = {
        f"cpp/{name}": _read(out / "host" / name) for name in _HOST_CPP if (out / "host" / name).is_file()
    }
    shell = json.loads(_read(out / _SHELL)) if (out / _SHELL).is_file() else None
    return contents | {"cpp/network.cpp": emit_network(read_host(out), manifest, shell)}


def images(path: Path, labels: Path | None, manifest: dict[str, Any]) -> Files:
    """Test images of the user as `images_x.npy` (`images_x0.npy`, ... of several inputs) and `images_y.npy`."""
    inputs, classes = read_frames(path)
    if len(inputs) != len(manifest["inputs"]):
        raise UserError(f"{len(inputs)} inputs for a network with {len(manifest['inputs'])}", str(path))
    names = ["images_x.npy"] if len(inputs) == 1 else [f"images_x{i}.npy" for i in range(len(inputs))]
    contents: Files = {name: _npy(array) for name, array in zip(names, inputs, strict=True)}
    if labels is not None:
        classes = read_labels(labels, len(inputs[0]))
    elif classes is not None:
        classes = as_labels(classes, len(inputs[0]), path)
    return contents | ({} if classes is None else {"images_y.npy": _npy(classes.astype(np.int64))})


def extra_files(paths: list[Path], taken: Files) -> Files:
    """Files of the user under their own names."""
    contents: Files = {}
    for path in paths:
        if path.name in taken or path.name in contents:
            raise UserError("the folder has a file of this name already", str(path), "rename it")
        try:
            contents[path.name] = path.read_bytes()
        except OSError as error:
            raise UserError(f"cannot read the file: {error.strerror}", str(path)) from error
    return contents


def class_names(path: Path) -> list[str]:
    """The lines of a text file."""
    try:
        names = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read the names of the classes: {error}", str(path), "give a text file") from error
    return [name.strip() for name in names if name.strip()]


def documents(manifest: dict[str, Any], pictures: list[str]) -> Files:
    """What people read first."""
    return {
        "README.md": readme(manifest, pictures),
        "example.py": example_script(manifest, pictures),
        "notebook.ipynb": notebook(manifest, pictures),
    }


def check_destination(to: str | None) -> None:
    """`USER@HOST:PATH`, before any work."""
    if to is not None and (to.startswith("-") or not all(to.partition(":"))):
        raise UserError(f"--to {to}", remedy="write --to USER@HOST:PATH")


def copy_to_board(folder: Path, to: str, scp: str) -> None:
    """Copy the contents of the folder by the user's own command."""
    command = [*shlex.split(scp), "-r", f"{folder}/.", to]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise UserError(f"cannot run {command[0]}: {error.strerror}", remedy="give the command with --scp") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise UserError(f"the copy failed: {last}", to, f"the folder is complete: {folder}")


def _sources(folder: Path) -> list[Path]:
    """The C++ of the accelerator, which the stand-in of a board computes with."""
    return sorted(path for path in folder.glob("*") if path.suffix in (".cpp", ".h"))


def _npy(array: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        if "synth" in path.parts:
            remedy = "run `qnnc synth OUT`, or use --without-bitstream for the stand-in of a board"
            raise UserError("this product of the vendor's tools is missing", str(path), remedy) from error
        raise UserError("a file of the build is missing", str(path), _AGAIN) from error
