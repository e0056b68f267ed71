"""Names and order of the nodes of a graph."""

from collections.abc import Sequence

from onnx import NodeProto

from qnn_ir.errors import UserError
from qnn_ir.frontend.onnx_graph import DOMAINS, Node
from qnn_ir.frontend.onnx_tensors import shown


def named(protos: Sequence[NodeProto]) -> list[Node]:
    """Nodes with names of their own: unnamed ones are called after operator and index, repeats get a number."""
    taken = {p.name for p in protos if p.name}
    used: set[str] = set()
    nodes: list[Node] = []
    for index, proto in enumerate(protos):
        base = name = proto.name or f"{proto.op_type}_{index}"
        count = 0
        while name in used or (name in taken and name != proto.name):
            count += 1
            name = f"{base}_{count}"
        used.add(name)
        domain = DOMAINS.get(proto.domain, proto.domain)
        attributes = {a.name: a for a in proto.attribute}
        nodes.append(Node(name, proto.op_type, domain, tuple(proto.input), tuple(proto.output), attributes))
    return nodes


def in_order(nodes: list[Node], known: set[str]) -> list[Node]:
    """`nodes` in order of execution, as close to the file's order as possible."""
    producers: dict[str, int] = {}
    for index, node in enumerate(nodes):
        for output in filter(None, node.outputs):
            if output in producers or output in known:
                raise UserError(
                    f"writes tensor {shown(output)}, which is defined elsewhere", node.place, "export again"
                )
            producers[output] = index
    for node in nodes:
        for name in filter(None, node.inputs):
            if name not in producers and name not in known:
                raise UserError(f"reads tensor {shown(name)}, which nothing produces", node.place, "export again")
    return _depth_first(nodes, producers)


def _depth_first(nodes: list[Node], producers: dict[str, int]) -> list[Node]:
    """Iterative depth-first order (networks may be thousands of nodes deep); a cycle is an error."""
    done: set[int] = set()
    active: set[int] = set()
    order: list[Node] = []
    for root in range(len(nodes)):
        stack = [root]
        while stack:
            index = stack[-1]
            if index in done:
                stack.pop()
                continue
            needed = [producers[i] for i in nodes[index].inputs if i in producers and producers[i] not in done]
            if not needed:
                order.append(nodes[stack.pop()])
                done.add(index)
                active.discard(index)
                continue
            active.add(index)
            if loop := [i for i in needed if i in active]:
                raise UserError("the graph has a cycle through this node", nodes[loop[0]].place, "export it again")
            stack += reversed(needed)
    return order


def live(nodes: list[Node], outputs: Sequence[str]) -> list[Node]:
    """The nodes that some output depends on."""
    needed, kept = set(outputs), list[Node]()
    for node in reversed(nodes):
        if needed.intersection(node.outputs):
            needed.update(filter(None, node.inputs))
            kept.append(node)
    return kept[::-1]
