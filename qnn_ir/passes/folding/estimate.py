"""What the layers of a folded graph take: the same figures that the solver chose by."""

from qnn_ir.analysis import cost
from qnn_ir.analysis.cost import Cost
from qnn_ir.analysis.folding import Choice
from qnn_ir.dialects.stream import Actor, GraphOp, WidthOp, channel
from qnn_ir.passes.folding.choices import layer_of
from qnn_ir.passes.folding.edges import Edges
from qnn_ir.passes.stream_fold import KNOBS, lanes_of


def estimate(graph: GraphOp) -> dict[str, Cost]:
    """Layer -> first estimate of its resources; `graph` is folded and has its width converters."""
    edges = Edges(graph)
    return {actor.layer.data: _cost(actor, edges) for actor in graph.actors()}


def _cost(actor: Actor, edges: Edges) -> Cost:
    if isinstance(actor, WidthOp):
        source, target = channel(actor.operands[0]), channel(actor.results[0])
        return cost.width(source.lanes.data, target.lanes.data, source.element.width.data)
    knobs = {knob: lanes_of(actor, knob) for knob in KNOBS.get(type(actor), ())}
    layer = layer_of(actor, edges, knobs)
    choices = layer.choices(tuple(edges.classes[index].unit for index in layer.classes))
    return min(choices, key=lambda choice: _distance(choice, knobs)).cost


def _distance(choice: Choice, knobs: dict[str, int]) -> int:
    """How far a choice is from the lanes of the graph: 0 for the one that was made."""
    return sum(abs(getattr(choice, knob) - lanes) for knob, lanes in knobs.items())
