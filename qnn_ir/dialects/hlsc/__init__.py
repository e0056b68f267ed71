"""
The `hlsc` dialect: processes of static control, the one form that is printed, interpreted and timed.

Control (`index`, `i1`) is closed form in loop counters and depends neither on data nor on its presence. Data is exact
integer arithmetic on lanes whose result types hold every possible result.
"""

from xdsl.ir import Dialect

from qnn_ir.dialects.hlsc.bits import (
    AndPopcountOp,
    ConcatOp,
    DynamicSliceOp,
    PlaneOp,
    PopcountOp,
    SliceOp,
    XnorPopcountOp,
)
from qnn_ir.dialects.hlsc.control import (
    AdvanceOp,
    AffineOp,
    AndOp,
    AwaitOp,
    CmpOp,
    ControlOp,
    NotOp,
    OrOp,
    PositionOp,
    StaticConstantOp,
    StaticRomOp,
    StaticSelectOp,
    is_control,
)
from qnn_ir.dialects.hlsc.data import (
    AddOp,
    BitcastOp,
    ConstantOp,
    ExtendOp,
    FromIndexOp,
    GreaterEqualOp,
    GreaterOp,
    MaxOp,
    MinOp,
    MulOp,
    MuxOp,
    NarrowOp,
    ReduceAddOp,
    ReduceMaxOp,
    SelectOp,
    ShlOp,
    SubOp,
)
from qnn_ir.dialects.hlsc.fused import CountGeOp, DotOp, RequantOp, StepSumOp
from qnn_ir.dialects.hlsc.memory import (
    LoadOp,
    LookupOp,
    MemoryOp,
    RamOp,
    ReadOp,
    RegOp,
    RomOp,
    StoreOp,
    WriteOp,
)
from qnn_ir.dialects.hlsc.structure import ProcessOp, SideOp
from qnn_ir.dialects.hlsc.top import CallOp, ChannelOp, TopOp, connected_ports
from qnn_ir.dialects.hlsc.types import (
    ChanType,
    InType,
    MemType,
    OutType,
    Predicate,
    PredicateAttr,
    Rounding,
    RoundingAttr,
    Style,
    StyleAttr,
    ValueType,
    bits_of,
    element_of,
    lanes_of,
    narrowest,
    range_of,
    shape_of,
    value_type,
)

__all__ = [
    "AddOp",
    "AdvanceOp",
    "AffineOp",
    "AndOp",
    "AndPopcountOp",
    "AwaitOp",
    "BitcastOp",
    "CallOp",
    "ChanType",
    "ChannelOp",
    "CmpOp",
    "ConcatOp",
    "ConstantOp",
    "ControlOp",
    "CountGeOp",
    "Dialect",
    "DotOp",
    "DynamicSliceOp",
    "ExtendOp",
    "FromIndexOp",
    "GreaterEqualOp",
    "GreaterOp",
    "Hlsc",
    "InType",
    "LoadOp",
    "LookupOp",
    "MaxOp",
    "MemType",
    "MemoryOp",
    "MinOp",
    "MulOp",
    "MuxOp",
    "NarrowOp",
    "NotOp",
    "OrOp",
    "OutType",
    "PlaneOp",
    "PopcountOp",
    "PositionOp",
    "Predicate",
    "PredicateAttr",
    "ProcessOp",
    "RamOp",
    "ReadOp",
    "ReduceAddOp",
    "ReduceMaxOp",
    "RegOp",
    "RequantOp",
    "RomOp",
    "Rounding",
    "RoundingAttr",
    "SelectOp",
    "ShlOp",
    "SideOp",
    "SliceOp",
    "StaticConstantOp",
    "StaticRomOp",
    "StaticSelectOp",
    "StepSumOp",
    "StoreOp",
    "Style",
    "StyleAttr",
    "SubOp",
    "TopOp",
    "ValueType",
    "WriteOp",
    "XnorPopcountOp",
    "bits_of",
    "connected_ports",
    "element_of",
    "is_control",
    "lanes_of",
    "narrowest",
    "range_of",
    "shape_of",
    "value_type",
]

_CONTROL = [StaticConstantOp, AffineOp, CmpOp, AndOp, OrOp, NotOp, StaticSelectOp, StaticRomOp]
_STEPS = [PositionOp, AwaitOp, AdvanceOp]
_MEMORY = [RomOp, RamOp, RegOp, ReadOp, WriteOp, LoadOp, StoreOp, LookupOp]
_ARITHMETIC = [AddOp, SubOp, MulOp, MaxOp, MinOp, GreaterOp, GreaterEqualOp, ShlOp, ReduceAddOp, ReduceMaxOp]
_DATA = [ConstantOp, FromIndexOp, ExtendOp, NarrowOp, BitcastOp, SelectOp, MuxOp]
_FUSED = [DotOp, RequantOp, CountGeOp, StepSumOp]
_BITS = [PlaneOp, PopcountOp, XnorPopcountOp, AndPopcountOp, SliceOp, DynamicSliceOp, ConcatOp]
_STRUCTURE = [ProcessOp, SideOp, ChannelOp, CallOp, TopOp]

Hlsc = Dialect(
    "hlsc",
    [*_STRUCTURE, *_CONTROL, *_STEPS, *_MEMORY, *_DATA, *_ARITHMETIC, *_FUSED, *_BITS],
    [InType, OutType, ChanType, MemType, PredicateAttr, StyleAttr, RoundingAttr],
)
