"""The accelerator as scripts see it: the pins of the IP that HLS makes of the top function."""

from dataclasses import dataclass

from qnn_ir.emit.interface import Interface
from qnn_ir.emit.registers import Array, Scalar

VENDOR, LIBRARY, VERSION = "qnn_ir", "hls", "1.0"
CONTROL = "s_axi_control"
"""The one AXI-Lite port: start, status, arguments, and weights that the host writes."""

_LEAST = 4096  # bytes of a window of registers


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
    end = max(register.offset + _extent(register.argument) for register in interface.registers().values())
    data = tuple(port.name for port in (*interface.ports, *interface.memories))
    return Kernel(interface.top, streams, masters, power_of_two(max(_LEAST, end)), data)


def power_of_two(count: int) -> int:
    """The least power of two that is at least `count`."""
    return 1 << max(0, count - 1).bit_length()


def _extent(argument: Scalar | Array) -> int:
    """The bytes that an argument occupies: those of an array are a power of two."""
    return power_of_two(argument.bytes) if isinstance(argument, Array) else 12
