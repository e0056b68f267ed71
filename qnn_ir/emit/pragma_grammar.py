"""
The HLS pragmas: options, values and places, from AMD's UG1399 (Vitis HLS User Guide, "HLS Pragmas").

Data only; `pragma_check` applies it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto


class Value(Enum):
    """What may stand behind an option's `=`; FLAG options have no value."""

    FLAG = auto()
    INTEGER = auto()
    VARIABLE = auto()
    PORT = auto()
    WORD = auto()


class Place(Enum):
    """Where a pragma may stand."""

    FUNCTION = auto()
    """In the outermost block of a function, before its first statement other than declarations."""
    LOOP = auto()
    """In the body of a loop, before its first statement other than declarations."""
    FUNCTION_OR_LOOP = auto()
    VARIABLE = auto()
    """After its variable's declaration and in the same block; in a function's outermost block for what is global."""
    ANYWHERE = auto()
    """In any block of a function from which its variable can be seen."""


@dataclass(frozen=True)
class Option:
    """One option: its kind of value, the least integer or the words allowed (none: any)."""

    value: Value
    least: int = 0
    words: frozenset[str] = frozenset()


FLAG = Option(Value.FLAG)
VARIABLE = Option(Value.VARIABLE)


def integer(least: int) -> Option:
    return Option(Value.INTEGER, least)


def words(text: str = "") -> Option:
    return Option(Value.WORD, words=frozenset(text.split()))


@dataclass(frozen=True)
class Pragma:
    """One pragma. `bare` is the option whose words may also stand alone, as in `ARRAY_PARTITION ... complete`."""

    place: Place
    options: Mapping[str, Option] = field(default_factory=dict[str, Option])
    required: tuple[str, ...] = ()
    bare: str = ""


_PARTITION = {
    "variable": VARIABLE,
    "type": words("complete block cyclic"),
    "factor": integer(2),
    "dim": integer(0),
    "off": words("true"),
}

PRAGMAS: Mapping[str, Pragma] = {
    "AGGREGATE": Pragma(Place.VARIABLE, {"variable": VARIABLE, "compact": words("bit byte none auto")}, ("variable",)),
    "ALLOCATION": Pragma(
        Place.FUNCTION,
        {"type": words("function operation core"), "instances": words(), "limit": integer(1)},
        ("type", "instances", "limit"),
        "type",
    ),
    "ARRAY_PARTITION": Pragma(Place.VARIABLE, _PARTITION, ("variable", "type"), "type"),
    "ARRAY_RESHAPE": Pragma(Place.VARIABLE, {**_PARTITION, "object": FLAG}, ("variable", "type"), "type"),
    "BIND_OP": Pragma(
        Place.ANYWHERE,
        {
            "variable": VARIABLE,
            "op": words(
                "add sub mul dadd dsub dmul ddiv dsqrt dexp dlog drecip drsqrt fadd fsub fmul fdiv fsqrt fexp flog "
                "frecip frsqrt facc fmacc hadd hsub hmul hdiv hsqrt"
            ),
            "impl": words("dsp fabric fulldsp maxdsp meddsp nodsp primitivedsp auto all"),
            "latency": integer(-1),
        },
        ("variable", "op"),
    ),
    "BIND_STORAGE": Pragma(
        Place.VARIABLE,
        {
            "variable": VARIABLE,
            "type": words("fifo ram_1p ram_1wnr ram_2p ram_s2p ram_t2p rom_1p rom_2p rom_np"),
            "impl": words("auto bram bram_ecc lutram memory srl uram uram_ecc"),
            "latency": integer(-1),
        },
        ("variable", "type"),
    ),
    "DATAFLOW": Pragma(Place.FUNCTION_OR_LOOP, {"disable_start_propagation": FLAG}),
    "DEPENDENCE": Pragma(
        Place.ANYWHERE,
        {
            "variable": VARIABLE,
            "class": words("array pointer"),
            "type": words("intra inter"),
            "direction": words("RAW WAR WAW"),
            "distance": integer(1),
            "dependent": words("true false compiler"),
        },
        ("type",),
        "type",
    ),
    "DISAGGREGATE": Pragma(Place.VARIABLE, {"variable": VARIABLE}, ("variable",)),
    "EXPRESSION_BALANCE": Pragma(Place.FUNCTION_OR_LOOP, {"off": FLAG}),
    "FUNCTION_INSTANTIATE": Pragma(Place.FUNCTION, {"variable": VARIABLE}, ("variable",)),
    "INLINE": Pragma(Place.FUNCTION, {"off": FLAG, "recursive": FLAG}),
    "INTERFACE": Pragma(
        Place.FUNCTION,
        {
            "mode": words(
                "ap_none ap_stable ap_vld ap_ack ap_hs ap_ovld ap_memory bram ap_fifo axis m_axi s_axilite "
                "ap_ctrl_none ap_ctrl_hs ap_ctrl_chain"
            ),
            "port": Option(Value.PORT),
            "bundle": words(),
            "name": words(),
            "clock": words(),
            "offset": words("off direct slave"),
            "depth": integer(1),
            "latency": integer(0),
            "register": FLAG,
            "register_mode": words("both forward reverse off"),
            "storage_type": words("fifo ram_1p ram_1wnr ram_2p ram_s2p ram_t2p rom_1p rom_2p rom_np"),
            "storage_impl": words("auto bram lutram uram srl"),
            "max_widen_bitwidth": integer(0),
            "max_read_burst_length": integer(1),
            "max_write_burst_length": integer(1),
            "num_read_outstanding": integer(1),
            "num_write_outstanding": integer(1),
        },
        ("mode", "port"),
        "mode",
    ),
    "LATENCY": Pragma(Place.FUNCTION_OR_LOOP, {"min": integer(0), "max": integer(0)}),
    "LOOP_FLATTEN": Pragma(Place.LOOP, {"off": FLAG}),
    "LOOP_MERGE": Pragma(Place.FUNCTION_OR_LOOP, {"force": FLAG}),
    "LOOP_TRIPCOUNT": Pragma(Place.LOOP, {"min": integer(0), "max": integer(1), "avg": integer(0)}, ("max",)),
    "PIPELINE": Pragma(
        Place.FUNCTION_OR_LOOP,
        {"II": integer(1), "rewind": FLAG, "off": FLAG, "style": words("stp frp flp")},
    ),
    "STABLE": Pragma(Place.VARIABLE, {"variable": VARIABLE}, ("variable",)),
    "STREAM": Pragma(
        Place.VARIABLE,
        {
            "variable": VARIABLE,
            "depth": integer(1),
            "dim": integer(1),
            "type": words("fifo pipo shared unsync"),
            "off": FLAG,
        },
        ("variable",),
    ),
    "UNROLL": Pragma(Place.LOOP, {"factor": integer(2), "skip_exit_check": FLAG, "off": words("true")}),
}

CONTROL_MODES = frozenset({"ap_ctrl_none", "ap_ctrl_hs", "ap_ctrl_chain"})
"""INTERFACE modes of `port=return` (which may also be `s_axilite`)."""

BUNDLE_MODES = frozenset({"m_axi", "s_axilite"})
"""INTERFACE modes with `bundle` and `offset`."""
