"""What people read in a deployment folder: instructions, an example, a notebook."""

import json
import textwrap
from collections.abc import Sequence
from typing import Any

Manifest = dict[str, Any]


def readme(manifest: Manifest, pictures: Sequence[str]) -> str:
    """`README.md`."""
    is_alveo = manifest["bitstream"].endswith(".xclbin")
    where = "the machine of the card" if is_alveo else "the board"
    run = "python3 driver.py" if is_alveo else "sudo -E python3 driver.py"
    data = _options(pictures)
    make = "make XRT=/opt/xilinx/xrt" if is_alveo else "make"
    load = "" if is_alveo else _LOAD.format(bitstream=manifest["bitstream"])
    return _README.format(
        kernel=manifest["kernel"],
        board=manifest["board"],
        clock=f"{manifest['clock_mhz']:g}",
        where=where,
        run=run,
        data=data,
        make=make,
        load=load,
        inputs=_tensors(manifest["inputs"]),
        outputs=_tensors(manifest["outputs"]),
        needs="NumPy and `pyxrt` (XRT)" if is_alveo else "PYNQ 2.6 or newer (Python 3.8, NumPy 1.17)",
        bitstream=manifest["bitstream"],
    )


def slots_readme(facts: dict[str, Any]) -> str:
    """`README.md` of networks in reconfigurable slots."""
    modules = [module["name"] for module in facts["modules"]]
    rows = "".join(f"| `{module['name']}` | `{module['folder']}` |\n" for module in facts["modules"])
    slots = ", ".join(slot["name"] for slot in facts["slots"])
    full = facts["full"]["bitstream"]
    return _SLOTS.format(board=facts["board"], slots=slots, rows=rows, first=modules[0], last=modules[-1], full=full)


def example_script(manifest: Manifest, pictures: Sequence[str]) -> str:
    """`example.py`: the driver in a program."""
    return _EXAMPLE.format(frames=_frames(manifest, pictures), arguments=_arguments(manifest))


def notebook(manifest: Manifest, pictures: Sequence[str]) -> str:
    """`notebook.ipynb` (nbformat 4.5)."""
    frames = _frames(manifest, pictures)
    inputs = _arguments(manifest)
    cells = [
        _markdown("title", f"# Accelerator `{manifest['kernel']}` on {manifest['board']}\n\nFrames in, classes out."),
        _code("load", "import numpy as np\n\nfrom driver import Accelerator\n\naccelerator = Accelerator()"),
        _markdown("frames-text", "Frames as the ONNX model takes them, as many as you like."),
        _code("frames", frames.rstrip()),
        _code("classify", f"classes = accelerator.classify({inputs})\nclasses[:10]"),
        *_labels(manifest, pictures),
        _markdown("speed-text", "The accelerator alone: full batches back to back; then one frame."),
        _code("speed", "accelerator.throughput()"),
        _markdown("async-text", "Other work goes on while the accelerator computes."),
        _code("async", f"job = accelerator.start({inputs})\n# ... other work ...\noutputs = await job"),
        *_weights(manifest),
        _code("close", "accelerator.close()"),
    ]
    python = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": python, "language_info": {"name": "python"}}
    book = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(book, indent=1) + "\n"


def _labels(manifest: Manifest, pictures: Sequence[str]) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = []
    if "images_y.npy" in pictures:
        cells.append(_code("accuracy", 'labels = np.load("images_y.npy")\nfloat((classes == labels).mean())'))
    if "classes" in manifest:
        cells.append(
            _code("names", 'names = accelerator.network.manifest["classes"]\n[names[c] for c in classes[:10]]')
        )
    return cells


def _weights(manifest: Manifest) -> list[dict[str, Any]]:
    if not manifest.get("weights"):
        return []
    text = "These layers take other weights at run time: `accelerator.load_weights(layer, matrix)`."
    code = '[(entry["layer"], entry["shape"]) for entry in accelerator.network.weights]'
    return [_markdown("weights-text", text), _code("weights", code)]


def _markdown(name: str, text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": text.splitlines(keepends=True)}


def _code(name: str, text: str) -> dict[str, Any]:
    source = text.splitlines(keepends=True)
    return {"cell_type": "code", "execution_count": None, "id": name, "metadata": {}, "outputs": [], "source": source}


def _options(pictures: Sequence[str]) -> str:
    """The options of the drivers' command lines for the test images."""
    inputs = [name for name in pictures if name.startswith("images_x")]
    labels = " --labels images_y.npy" if "images_y.npy" in pictures else ""
    return f"--input {inputs[0]}{labels}" if len(inputs) == 1 else "--input X.npz"


def _arguments(manifest: Manifest) -> str:
    count = len(manifest["inputs"])
    return "frames" if count == 1 else "*frames"


def _frames(manifest: Manifest, pictures: Sequence[str]) -> str:
    """Statements that make `frames`: the test images, or noise of the right shape."""
    inputs = [name for name in pictures if name.startswith("images_x")]
    if not inputs:
        made = [f"np.zeros({(16, *tensor['shape'][1:])!r}, np.{tensor['dtype']})" for tensor in manifest["inputs"]]
        note = "# Your own frames instead of zeros.\n"
        return f"{note}frames = {made[0]}\n" if len(made) == 1 else f"{note}frames = [{', '.join(made)}]\n"
    made = [f'np.load("{name}")' for name in inputs]
    return f"frames = {made[0]}\n" if len(made) == 1 else f"frames = [{', '.join(made)}]\n"


def _tensors(tensors: Sequence[dict[str, Any]]) -> str:
    """Shapes and types; the names are those of the manifest."""
    return ", ".join(f"{tensor['dtype']} (N, {', '.join(map(str, tensor['shape'][1:]))})" for tensor in tensors)


_LOAD = textwrap.dedent("""
    The C++ driver finds the logic as it is: load `{bitstream}` first (`fpgautil -b`, `xmutil loadapp`, or PYNQ).
    Buffers are a [u-dma-buf](https://github.com/ikwzm/udmabuf) or, with `--memory ADDRESS:SIZE`, memory that Linux
    leaves alone.
    """)

_README = """# Accelerator `{kernel}` for {board}, {clock} MHz

Copy this folder to {where}; there:

```console
$ {run} {data}
$ {run} --throughput
$ cd cpp && {make} && ./run --throughput
```

The first classifies frames, the second measures the accelerator, the third does so in C++.

In a program of your own (`example.py`, `notebook.ipynb`):

```python
from driver import Accelerator

with Accelerator() as accelerator:
    outputs = accelerator.predict(frames)  # {inputs} -> {outputs}
```

| file | holds |
|---|---|
| `{bitstream}` | the configuration of the logic |
| `driver.py`, `qnn_runtime/` | driver in Python; needs {needs} |
| `cpp/` | driver in C++14 with an example program, Makefile and CMakeLists.txt |
| `host.py` | what the network computes before and behind the accelerator, packing of words |
| `manifest.json` | ports, registers, weights |
| `hls/` | the C++ of the accelerator, for `qnnc loop` on a machine without a board |
{load}"""

_SLOTS = """# Networks that take turns on {board}

Copy this folder to the board; there:

```console
$ sudo -E python3 driver.py --module {last} --input X.npz
```

Slots: {slots}. `{full}` configures the whole logic; the others are partial bitstreams.

| network | folder |
|---|---|
{rows}
In a program of your own:

```python
from driver import Accelerator

with Accelerator() as accelerator:  # slot="..." chooses a slot
    accelerator.swap("{first}")
    print(accelerator.classify(frames))
    accelerator.swap("{last}")  # the rest of the board goes on meanwhile
```
"""

_EXAMPLE = '''"""Classes of frames by the accelerator."""

import numpy as np

from driver import Accelerator

{frames}
with Accelerator() as accelerator:
    print(accelerator.classify({arguments}))
'''
