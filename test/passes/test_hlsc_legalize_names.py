"""Legal names: whatever the names were, the module verifies, computes the same, and every name is an identifier."""

import re

import numpy as np
from actors import Case, mvtu_graphs
from hypothesis import given, settings
from hypothesis import strategies as st
from xdsl.context import Context
from xdsl.dialects.builtin import StringAttr, SymbolRefAttr

from qnn_ir.analysis.identifiers import LONGEST, RESERVED
from qnn_ir.dialects.hlsc import ProcessOp, TopOp
from qnn_ir.interp.hlsc import run_top
from qnn_ir.passes.convert_stream_to_hlsc import ConvertStreamToHlscPass
from qnn_ir.passes.hlsc_legalize_names import PORT_NAMES, HlscLegalizeNamesPass

names = st.lists(st.text("aA_/ 层7;", min_size=1, max_size=6), min_size=6, max_size=6, unique=True)


@settings(max_examples=40, deadline=None)
@given(mvtu_graphs(), names)
def test_any_names(case: Case, wild: list[str]):
    """Processes, top, memories and channels with arbitrary names."""
    module = case.module
    ConvertStreamToHlscPass().apply(Context(), module)
    (top,) = (op for op in module.body.block.ops if isinstance(op, TopOp))
    processes = [op for op in module.body.block.ops if isinstance(op, ProcessOp)]
    before = run_top(module, top, case.streams)
    for process, call, name in zip(processes, top.calls, wild, strict=False):
        process.sym_name, call.callee = StringAttr(name), SymbolRefAttr(name)
        for memory in process.memories:
            memory.label = StringAttr(wild[3])
    for channel in top.channels:
        channel.label = StringAttr(wild[4])
    top.sym_name = StringAttr(wild[5])
    HlscLegalizeNamesPass().apply(Context(), module)
    module.verify()
    for a, b in zip(run_top(module, top, case.streams), before, strict=True):
        np.testing.assert_array_equal(a, b)
    _check_scopes(top, processes)


def _check_scopes(top: TopOp, processes: list[ProcessOp]) -> None:
    files = [p.sym_name.data for p in processes]
    memories = [f"{p.sym_name.data}_{m.label.data}" for p in processes for m in p.memories if m.label]
    shared = [top.sym_name.data, *files]
    _check([*shared, *memories])
    _check([*shared, *(c.label.data for c in top.channels), *_ports(top)])
    for process in processes:
        labels = [m.label.data for m in process.memories if m.label]
        _check([*shared, *labels, *(s.sym_name.data for s in process.sides), *_ports(process)])


def _ports(op: TopOp | ProcessOp) -> list[str]:
    return [name.data for name in op.attributes[PORT_NAMES]]


def _check(scope: list[str]) -> None:
    """All different in lower case, all identifiers, none reserved."""
    assert len({name.lower() for name in scope}) == len(scope)
    for name in scope:
        assert re.fullmatch(r"[A-Za-z](_?[A-Za-z0-9])*", name)
        assert len(name) <= 2 * LONGEST + 1
        assert name.lower() not in RESERVED
