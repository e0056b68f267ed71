"""`stream-fold`: choose the lanes of every actor."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass
from xdsl.utils.hints import isa

from qnn_ir.analysis import cost, folding
from qnn_ir.analysis.cost import Cost
from qnn_ir.analysis.folding import Budget, Edge, Problem, Solution, Unreachable
from qnn_ir.constants import location_name
from qnn_ir.device import Device, device_of
from qnn_ir.dialects.stream import (
    Actor,
    ConcatOp,
    CropOp,
    DepthwiseOp,
    ForkOp,
    GraphOp,
    JoinAddOp,
    JoinMulOp,
    LabelSelectOp,
    MapOp,
    Memory,
    MvtuOp,
    PoolOp,
    ReorderOp,
    UpsampleOp,
    WindowOp,
    channel,
)
from qnn_ir.errors import UserError
from qnn_ir.passes.folding.apply import apply, unfold
from qnn_ir.passes.folding.choices import layer_of
from qnn_ir.passes.folding.edges import Edges, vector_lengths
from qnn_ir.passes.folding.memory import KNOB, memory_of, read_memory, set_memories
from qnn_ir.passes.folding.moving import Wanted
from qnn_ir.targets import DEFAULT_BOARD, load_board

LUT_SHARE, MEMORY_SHARE = 0.6, 0.8
"""What the layers may take of a device; the rest is for channels, interfaces and what the estimate misses."""

KNOBS: dict[type[Actor], tuple[str, ...]] = {
    MvtuOp: ("pe", "simd"),
    MapOp: ("pe",),
    JoinAddOp: ("pe",),
    JoinMulOp: ("pe",),
    ForkOp: ("pe",),
    LabelSelectOp: ("simd",),
    WindowOp: ("simd", "taps"),
    DepthwiseOp: ("pe",),
    PoolOp: ("pe",),
    ConcatOp: ("pe",),
    CropOp: ("pe",),
    ReorderOp: ("pe",),
    UpsampleOp: ("pe",),
}
"""What can be chosen per actor."""


@dataclass(frozen=True)
class StreamFoldPass(ModulePass):
    """
    Choose the lanes (`pe`, `simd`, `taps`) of every actor and pad dimensions that have no useful divisor.

    `target-cycles`: at most so many cycles per frame, as cheap as possible. `luts`: as fast as fits; without any
    option 60 % of the LUTs of the module's device (a PYNQ-Z1 where it names none). `pe` and `simd`: the same for every
    actor, clipped to what is legal there; one alone leaves the other at 1. `folding-file`: JSON
    `{"layer": {"pe": P, "simd": S, "memory": M}}` with a `#stream<memory M>`; lanes that it does not name are chosen as
    above. Where the lanes of two neighbours differ, an `unrealized_conversion_cast` is left for
    `stream-insert-width-converters`.
    """

    name = "stream-fold"

    target_cycles: int | None = None
    luts: int | None = None
    pe: int | None = None
    simd: int | None = None
    folding_file: str | None = None

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for option in ("target_cycles", "luts", "pe", "simd"):
            value = getattr(self, option)
            if value is not None and value < 1:
                raise UserError(f"{option.replace('_', '-')} is {value}", remedy="give a positive number")
        device = device_of(op) or load_board(DEFAULT_BOARD)
        for graph in [graph for graph in op.walk() if isinstance(graph, GraphOp)]:
            fold(graph, self, device)


def fold(graph: GraphOp, options: StreamFoldPass, device: Device) -> Solution:
    """Fold `graph` in place and return what was chosen."""
    unfold(graph)
    actors = graph.actors()
    named, memories = _read_file(options.folding_file, actors) if options.folding_file else ({}, {})
    set_memories(graph, memories, device)
    edges = Edges(graph)
    everywhere = _everywhere(options)
    wanted = {a.layer.data: named.get(a.layer.data) or everywhere for a in actors}
    problem = _problem(graph, edges, wanted, device)
    solution = _solve(problem, actors, options, device)
    for actor, choice in zip(actors, solution.choices, strict=True):
        for knob, value in named.get(actor.layer.data, {}).items():
            _check_reached(actor, knob, value, getattr(choice, knob))
    apply(graph, edges, solution.sizes, solution.choices)
    return solution


def folding_of(graph: GraphOp) -> dict[str, dict[str, int | str]]:
    """The folding of `graph` as `folding-file` reads it."""
    folded = [actor for actor in graph.actors() if type(actor) in KNOBS]
    return {a.layer.data: {k: lanes_of(a, k) for k in KNOBS[type(a)]} | memory_of(a) for a in folded}


def lanes_of(actor: Actor, knob: str) -> int:
    """The value of a knob of a folded actor."""
    if knob == "taps":
        assert isinstance(actor, WindowOp)
        return actor.taps.value.data
    return channel(actor.results[0] if knob == "pe" else actor.operands[0]).lanes.data


def _everywhere(options: StreamFoldPass) -> Wanted:
    if options.pe is None and options.simd is None:
        return {}
    return {"pe": options.pe or 1, "simd": options.simd or 1, "taps": 1}


def _problem(graph: GraphOp, edges: Edges, wanted: Mapping[str, Wanted], device: Device) -> Problem:
    actors = graph.actors()
    position = {actor: index for index, actor in enumerate(actors)}
    links = [
        Edge(position[value.owner], index, channel(value).element.width.data)
        for index, actor in enumerate(actors)
        for value in actor.operands
        if isinstance(value.owner, Actor)
    ]
    layers = [layer_of(actor, edges, wanted[actor.layer.data]) for actor in actors]
    lut_per_bram = device.luts / max(1, device.bram18)
    lut_per_dsp = device.luts / max(1, device.dsps)

    def scalar(c: Cost) -> float:
        return c.lut + lut_per_bram * c.bram18 + lut_per_dsp * c.dsp

    def converter(source: int, target: int, bits: int) -> Cost:
        return cost.width(source, target, bits)

    return Problem(layers, links, _sizes(actors, edges, wanted), converter, scalar)


def _sizes(actors: list[Actor], edges: Edges, wanted: Mapping[str, Wanted]) -> list[list[int]]:
    """The sizes that each class may have: multiples of what explicit lanes need, or a few the solver tries."""
    multiples = [1] * len(edges.classes)
    for actor in actors:
        for value, length in vector_lengths(actor):
            knob = "pe" if value in actor.results or "simd" not in KNOBS[type(actor)] else "simd"
            if (explicit := wanted[actor.layer.data].get(knob)) is not None:
                index = edges.of(value)
                lanes = min(explicit, length)
                need = lanes // math.gcd(lanes, length // edges.classes[index].unit)
                multiples[index] = math.lcm(multiples[index], need)
    sizes: list[list[int]] = []
    for edge, multiple in zip(edges.classes, multiples, strict=True):
        padded = -(-edge.unit // multiple) * multiple
        if edge.fixed or padded >= 2 * edge.unit:
            sizes.append([edge.unit])
        else:
            sizes.append(folding.paddings(edge.unit, multiple))
    return sizes


def _solve(problem: Problem, actors: list[Actor], options: StreamFoldPass, device: Device) -> Solution:
    luts = options.luts or LUT_SHARE * device.luts
    budget = Budget(luts, MEMORY_SHARE * device.bram18, MEMORY_SHARE * device.dsps)
    try:
        return folding.solve(problem, options.target_cycles, budget)
    except Unreachable as failure:
        best = failure.best
        if options.target_cycles is not None:
            place = next(location_name(a) for a in actors if a.layer.data == failure.layer)
            raise UserError(
                f"{options.target_cycles} cycles per frame cannot be reached",
                place,
                f"the best possible target is {best.cycles}",
            ) from failure
        if options.luts is not None:
            raise UserError(
                f"no folding fits {options.luts} LUT", "stream-fold", f"the smallest needs about {best.cost.lut:.0f}"
            ) from failure
        return best


def _read_file(name: str, actors: list[Actor]) -> tuple[dict[str, Wanted], dict[str, Memory]]:
    """The lanes and the memory modes that the file names."""
    try:
        data: object = json.loads(Path(name).read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"cannot read the folding file: {error.strerror}", name) from error
    except ValueError as error:
        raise UserError(f"the folding file is no JSON: {error}", name) from error
    if not isa(data, dict[str, object]):
        raise UserError("the folding file is no object", name, 'write {"layer": {"pe": 1, "simd": 1}}')
    knobs = {actor.layer.data: KNOBS.get(type(actor), ()) for actor in actors}
    layers = {actor.layer.data: actor for actor in actors}
    wanted: dict[str, Wanted] = {}
    memories: dict[str, Memory] = {}
    for layer, entry in data.items():
        if layer not in knobs:
            raise UserError(f"unknown layer {layer!r}", name, f"the layers are {', '.join(knobs)}")
        if not isa(entry, dict[str, object]):
            raise UserError(f"layer {layer!r} has no object", name, 'write {"pe": 1, "simd": 1}')
        if KNOB in entry:
            memories[layer] = read_memory(name, layer, entry[KNOB], layers[layer])
        wanted[layer] = _read_lanes(name, layer, entry, knobs)
    return wanted, memories


def _read_lanes(name: str, layer: str, entry: dict[str, object], knobs: Mapping[str, tuple[str, ...]]) -> Wanted:
    wanted: dict[str, int] = {}
    for knob, value in entry.items():
        if knob == KNOB:
            continue
        if knob not in knobs[layer]:
            raise UserError(f"layer {layer!r} has no {knob!r}", name, f"it has {', '.join(knobs[layer])}")
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise UserError(f"{knob} of layer {layer!r} is {value!r}", name, "give a positive integer")
        wanted[knob] = value
    return wanted


def _check_reached(actor: Actor, knob: str, wanted: int, got: int) -> None:
    if got < wanted and got < _largest(actor, knob):
        raise UserError(
            f"{knob} = {wanted} of layer {actor.layer.data!r} is not legal beside its neighbours",
            location_name(actor),
            f"the nearest legal value is {got}",
        )


def _largest(actor: Actor, knob: str) -> int:
    if isinstance(actor, WindowOp) and knob == "taps":
        return actor.geometry().taps
    lengths = vector_lengths(actor)
    return lengths[-1 if knob == "pe" else 0][1] if lengths else channel(actor.operands[0]).elements
