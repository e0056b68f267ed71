"""The accelerator as scripts see it: the pins of the IP that HLS makes of the top function."""

from dataclasses import dataclass

from qnn_ir.emit.interface import Interface

VENDOR, LIBRARY, VERSION = "qnn_ir", "hls", "1.0"
CONTROL = "s_axi_control"
"""The one AXI-Lite port: start, status, arguments, and weights that the host writes."""

_REGISTERS = 4096  # bytes; every register of our kernels but arrays lies below


@dataclass(frozen=True)
class Stream:
    """An AXI stream of words of `bits` bits."""

    name: str
    bits: int
    is_input: bool


@dataclass(frozen=True)
class Master:
    """An AXI master: the pin of the IP, and the argument that points into memory."""

    pin: str
    argument: str
    bits: int


@dataclass(frozen=True)
class Kernel:
    """Name, ports, and bytes of registers; testbench arguments are the words of `data`, in this order."""

    name: str
    streams: tuple[Stream, ...]
    masters: tuple[Master, ...]
    control_bytes: int
    data: tuple[str, ...] = ()

    @property
    def vlnv(self) -> str:
        """The name of the IP in Vivado's catalogue."""
        return f"{VENDOR}:{LIBRARY}:{self.name}:{VERSION}"


def kernel_of(interface: Interface) -> Kernel:
    """The kernel of a top function; bundles of masters are numbered as its pragmas number them."""
    streams = tuple(Stream(p.name, p.bits, p.is_input) for p in interface.ports if not p.in_memory)
    buses = [(p.name, p.bits, p.in_memory) for p in interface.ports]
    buses += [(m.name, m.bits, m.kind == "memory") for m in interface.memories]
    masters = tuple(Master(f"m_axi_gmem{place}", name, bits) for place, (name, bits, bus) in enumerate(buses) if bus)
    arrays = sum(m.words * _register_bytes(m.bits) for m in interface.memories if m.kind != "memory")
    data = tuple(port.name for port in (*interface.ports, *interface.memories))
    return Kernel(interface.top, streams, masters, power_of_two(_REGISTERS + 2 * arrays), data)


def power_of_two(count: int) -> int:
    """The least power of two that is at least `count`."""
    return 1 << max(0, count - 1).bit_length()


def _register_bytes(bits: int) -> int:
    """What a word of an array takes in the address space of AXI-Lite: 32-bit registers, their number a power of two."""
    return max(4, power_of_two(bits) // 8)
