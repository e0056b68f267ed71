"""
A reconfigurable slot: what crosses its boundary, and the Verilog on both sides of it.

Every module of a slot has the same ports, whatever its network: clock, reset, 32-bit AXI-Lite registers, and AXI
streams of the width of the DMA engines. What a network does not have is tied off inside its module; its width
converters are inside as well, so that the static part knows nothing of networks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from qnn_ir.emit.scripts.kernel import CONTROL, Kernel, Stream

MODULE = "qnn_slot"
"""The name of the module in every slot."""

# AXI4-Lite as seen by the slave (IHI 0022): name, bits, whether the slave drives it
_LITE = (
    ("awaddr", 32, False),
    ("awvalid", 1, False),
    ("awready", 1, True),
    ("wdata", 32, False),
    ("wstrb", 4, False),
    ("wvalid", 1, False),
    ("wready", 1, True),
    ("bresp", 2, True),
    ("bvalid", 1, True),
    ("bready", 1, False),
    ("araddr", 32, False),
    ("arvalid", 1, False),
    ("arready", 1, True),
    ("rdata", 32, True),
    ("rresp", 2, True),
    ("rvalid", 1, True),
    ("rready", 1, False),
)


@dataclass(frozen=True)
class Boundary:
    """How many streams of `bits` bits cross in each direction."""

    inputs: int
    outputs: int
    bits: int

    @property
    def streams(self) -> list[Stream]:
        """The streams as the slot sees them: in0, in1, …, out0, …"""
        found = [Stream(f"in{n}", self.bits, True) for n in range(self.inputs)]
        return found + [Stream(f"out{n}", self.bits, False) for n in range(self.outputs)]

    def ports(self) -> list[tuple[str, int, bool]]:
        """Name, bits, and whether the slot drives it, of all ports."""
        found = [("clk", 1, False), ("resetn", 1, False)]
        found += [(f"control_{name}", bits, drives) for name, bits, drives in _LITE]
        for stream in self.streams:
            for name, bits in _signals(self.bits):
                found.append((f"{stream.name}_{name}", bits, (name == "tready") == stream.is_input))
        return found


def boundary_of(kernels: Sequence[Kernel], bits: int) -> Boundary:
    """The boundary that all kernels fit."""
    inputs = max(sum(s.is_input for s in kernel.streams) for kernel in kernels)
    outputs = max(sum(not s.is_input for s in kernel.streams) for kernel in kernels)
    return Boundary(inputs, outputs, bits)


def matched(kernel: Kernel) -> dict[str, Stream]:
    """Stream of the slot -> stream of the kernel, in order."""
    inputs = [s for s in kernel.streams if s.is_input]
    outputs = [s for s in kernel.streams if not s.is_input]
    pairs = [(f"in{n}", s) for n, s in enumerate(inputs)] + [(f"out{n}", s) for n, s in enumerate(outputs)]
    return dict(pairs)


def black_box(boundary: Boundary) -> str:
    """The slot as the static part is synthesised with it: ports and nothing behind them."""
    return f'(* black_box = "true" *)\n{_head(boundary)}\nendmodule\n'


def slot_module(kernel: Kernel, boundary: Boundary) -> str:
    """The network of a module inside the slot: instances `kernel_ip` and `width_<stream of the slot>`."""
    used, wires, parts = matched(kernel), list[str](), list[str]()
    pins = [".ap_clk(clk)", ".ap_rst_n(resetn)"]
    pins += [f".{CONTROL}_{name.upper()}(control_{name})" for name, _, _ in _LITE]
    for outer in boundary.streams:
        if outer.name not in used:
            parts += _tied_off(outer)
            continue
        inner = used[outer.name]
        net = outer.name
        if inner.bits != outer.bits:
            net = f"{outer.name}_words"
            wires += [f"  wire {_range(bits)}{net}_{name};" for name, bits in _signals(inner.bits)]
            parts += _converter(outer, net)
        pins += _kernel_pins(inner, net)
    instance = "  kernel_ip accelerator (\n    " + ",\n    ".join(pins) + "\n  );"
    return "\n".join([_head(boundary), *wires, *parts, instance, "endmodule", ""])


def top_module(slots: Sequence[str], boundary: Boundary, outside: Sequence[tuple[str, int]], shell: str) -> str:
    """`shell_top`: the wrapper of the static design and the slots; `outside` are inout pins of the PS (name, bits)."""
    ports = ",\n".join(f"  inout {_range(bits)}{name}" for name, bits in outside)
    wires = ["  wire clk;"]
    pins = [f".{name}({name})" for name, _ in outside] + [".clk(clk)"]
    instances: list[str] = []
    for slot in slots:
        inner = [".clk(clk)"]
        for name, bits, _ in boundary.ports()[1:]:
            wires.append(f"  wire {_range(bits)}{slot}_{name};")
            pins.append(f".{slot}_{name}({slot}_{name})")
            inner.append(f".{name}({slot}_{name})")
        instances.append(f"  {MODULE} {slot} (\n    " + ",\n    ".join(inner) + "\n  );")
    static = f"  {shell} static_part (\n    " + ",\n    ".join(pins) + "\n  );"
    head = f"module shell_top (\n{ports}\n);" if outside else "module shell_top ();"
    return "\n".join([head, *wires, static, *instances, "endmodule", ""])


def _head(boundary: Boundary) -> str:
    lines = [
        f"  {'output' if drives else 'input'} wire {_range(bits)}{name}" for name, bits, drives in boundary.ports()
    ]
    return f"module {MODULE} (\n" + ",\n".join(lines) + "\n);"


def _range(bits: int) -> str:
    return f"[{bits - 1}:0] " if bits > 1 else ""


def _signals(bits: int) -> list[tuple[str, int]]:
    return [("tdata", bits), ("tkeep", bits // 8), ("tlast", 1), ("tvalid", 1), ("tready", 1)]


def _tied_off(stream: Stream) -> list[str]:
    """Streams that the network lacks: never ready, never valid."""
    if stream.is_input:
        return [f"  assign {stream.name}_tready = 1'b0;"]
    return [f"  assign {stream.name}_{name} = {bits}'b0;" for name, bits in _signals(stream.bits) if name != "tready"]


def _converter(outer: Stream, net: str) -> list[str]:
    """An axis_dwidth_converter (PG085) between a stream of the slot and the words `net` of the kernel."""
    source, target = (outer.name, net) if outer.is_input else (net, outer.name)
    pins = [".aclk(clk)", ".aresetn(resetn)"]
    pins += [f".{side}_axis_{n}({w}_{n})" for side, w in (("s", source), ("m", target)) for n, _ in _signals(8)]
    return [f"  width_{outer.name} convert_{outer.name} (\n    " + ",\n    ".join(pins) + "\n  );"]


def _kernel_pins(stream: Stream, net: str) -> list[str]:
    """Inputs of a kernel are words alone; outputs say which bytes count and which word is the last of a call."""
    names = ("tdata", "tvalid", "tready") if stream.is_input else ("tdata", "tkeep", "tlast", "tvalid", "tready")
    return [f".{stream.name}_{name.upper()}({net}_{name})" for name in names]
