"""What stock xDSL tools load of us (entry point `xdsl.universe`): lazy factories, nothing is imported until used."""

from collections.abc import Callable
from importlib import import_module

from xdsl.ir import Dialect
from xdsl.passes import ModulePass
from xdsl.universe import Universe
from xdsl.utils.target import Target

DIALECTS = {
    "qnn": ("qnn_ir.dialects.qnn", "Qnn"),
    "stream": ("qnn_ir.dialects.stream", "Stream"),
    "hlsc": ("qnn_ir.dialects.hlsc", "Hlsc"),
}
PASSES = (
    "qnn-integerize",
    "qnn-fuse-thresholds",
    "qnn-remove-dead-channels",
    "qnn-narrow-types",
    "qnn-split-host",
    "convert-qnn-to-stream",
    "stream-fold",
    "stream-insert-width-converters",
    "convert-stream-to-hlsc",
    "hlsc-pack-bits",
    "hlsc-verify-processes",
    "hlsc-legalize-names",
)
TARGETS = {"hls-cpp": ("qnn_ir.emit.hls_cpp", "HlsCppTarget")}


def _dialect(module: str, name: str) -> Callable[[], Dialect]:
    return lambda: getattr(import_module(module), name)


def _compile() -> type[ModulePass]:
    return import_module("qnn_ir.passes.pipelines").QnnCompilePass


def _pass(name: str) -> Callable[[], type[ModulePass]]:
    """The pass `a-b-c` is the class `ABCPass` of the module `qnn_ir.passes.a_b_c`."""
    class_name = "".join(word.capitalize() for word in name.split("-")) + "Pass"
    return lambda: getattr(import_module(f"qnn_ir.passes.{name.replace('-', '_')}"), class_name)


def _target(module: str, name: str) -> Callable[[], type[Target]]:
    return lambda: getattr(import_module(module), name)


QNN_UNIVERSE = Universe(
    all_dialects={key: _dialect(*place) for key, place in DIALECTS.items()},
    all_passes={name: _pass(name) for name in PASSES} | {"qnn-compile": _compile},
    all_targets={key: _target(*place) for key, place in TARGETS.items()},
)
