"""`qnn-split-host` changes no result, and refuses what cannot be cut in three."""

import numpy as np
import pytest

from qnn_ir.driver.context import compiler_context, parse_module
from qnn_ir.errors import UserError
from qnn_ir.interp import run_module
from qnn_ir.passes.qnn_split_host import QnnSplitHostPass

ONE = "scale = dense<0.5> : tensor<1xf64>, bias = dense<0.0> : tensor<1xf64>, groups = dense<0> : tensor<i8>"
TO_INTEGER = f"{{{ONE}}} : (tensor<1x4xf32>) -> tensor<1x4xsi8>"
TO_REAL = f"{{{ONE}}} : (tensor<1x4xsi8>) -> tensor<1x4xf32>"
ADD = "(tensor<1x4xsi8>, tensor<1x4xsi8>) -> tensor<1x4xsi8>"
F32 = "(tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x4xf32>"


def main(body: str, results: str = "tensor<1x4xf32>") -> str:
    return f"func.func @main(%x: tensor<1x4xf32>, %z: tensor<1x4xf32>) -> ({results}) {{\n{body}\n}}"


WITHIN = {
    "one path": f"""
        %q = qnn.to_integer %x {TO_INTEGER}
        %a = qnn.add %q, %q : {ADD}
        %r = qnn.to_real %a {TO_REAL}
        func.return %r : tensor<1x4xf32>""",
    "two inputs": f"""
        %s = qnn.add %x, %z : {F32}
        %p = qnn.to_integer %s {TO_INTEGER}
        %q = qnn.to_integer %z {TO_INTEGER}
        %a = qnn.add %q, %p : {ADD}
        %r = qnn.to_real %a {TO_REAL}
        func.return %r : tensor<1x4xf32>""",
    "integers bypass": f"""
        %q = qnn.to_integer %x {TO_INTEGER}
        %a = qnn.add %q, %q : {ADD}
        %b = qnn.to_real %q {TO_REAL}
        %r = qnn.to_real %a {TO_REAL}
        func.return %r : tensor<1x4xf32>""",
    "a constant output": f"""
        %q = qnn.to_integer %x {TO_INTEGER}
        %c = qnn.constant dense<7> : tensor<1x4xi8> as tensor<1x4xsi8>
        %a = qnn.add %q, %c : {ADD}
        %k = qnn.to_real %c {TO_REAL}
        %r = qnn.to_real %a {TO_REAL}
        %y = qnn.add %r, %k : {F32}
        func.return %y : tensor<1x4xf32>""",
}


def both(text: str) -> tuple[list[np.ndarray], list[np.ndarray]]:
    rng = np.random.default_rng(0)
    inputs = [rng.integers(-16, 16, (5, 4)).astype(np.float32) / 2 for _ in range(2)]
    module = parse_module(text, "test")
    module.verify()
    before = run_module(module, inputs)
    QnnSplitHostPass().apply(compiler_context(), module)
    module.verify()
    names = [op.sym_name.data for op in module.body.ops]
    assert names == ["prologue", "accelerator", "epilogue"]
    return before, run_module(module, inputs)


@pytest.mark.parametrize("case", WITHIN)
def test_results_stay(case: str) -> None:
    for before, after in zip(*both(main(WITHIN[case])), strict=True):
        np.testing.assert_array_equal(before, after)


def test_several_outputs_in_their_order() -> None:
    body = f"""
        %q = qnn.to_integer %x {TO_INTEGER}
        %a = qnn.add %q, %q : {ADD}
        %b = qnn.add %a, %q : {ADD}
        %r = qnn.to_real %b {TO_REAL}
        %t = qnn.to_real %a {TO_REAL}
        func.return %z, %r, %q, %t : tensor<1x4xf32>, tensor<1x4xf32>, tensor<1x4xsi8>, tensor<1x4xf32>"""
    results = "tensor<1x4xf32>, tensor<1x4xf32>, tensor<1x4xsi8>, tensor<1x4xf32>"
    before, after = both(main(body, results))
    assert len(after) == 4
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)


REFUSED = {
    "real numbers from the input pass by": f"""
        %q = qnn.to_integer %x {TO_INTEGER}
        %a = qnn.add %q, %q : {ADD}
        %r = qnn.to_real %a {TO_REAL}
        %y = qnn.add %r, %x : {F32} loc("residual")
        func.return %y : tensor<1x4xf32>""",
    "leaves the integers and enters them again": f"""
        %q = qnn.to_integer %x {TO_INTEGER}
        %a = qnn.add %q, %q : {ADD}
        %r = qnn.to_real %a {TO_REAL}
        %s = qnn.to_integer %r {TO_INTEGER} loc("residual")
        %b = qnn.add %s, %s : {ADD}
        %y = qnn.to_real %b {TO_REAL}
        func.return %y : tensor<1x4xf32>""",
    "nothing is left for the accelerator": f"""
        %y = qnn.add %x, %z : {F32}
        func.return %y : tensor<1x4xf32>""",
}


@pytest.mark.parametrize("message", REFUSED)
def test_refusals_name_the_node(message: str) -> None:
    module = parse_module(main(REFUSED[message]), "test")
    with pytest.raises(UserError, match=message) as error:
        QnnSplitHostPass().apply(compiler_context(), module)
    if "residual" in REFUSED[message]:
        assert str(error.value).startswith("residual: ")


def test_long_chains_of_constants() -> None:
    lines = ["%c0 = qnn.constant dense<1.0> : tensor<1x4xf32> as tensor<1x4xf32>"]
    lines += [f"%c{i + 1} = qnn.relu %c{i} : (tensor<1x4xf32>) -> tensor<1x4xf32>" for i in range(2000)]
    lines += [
        f"%q = qnn.to_integer %x {TO_INTEGER}",
        f"%a = qnn.add %q, %q : {ADD}",
        f"%r = qnn.to_real %a {TO_REAL}",
        f"%y = qnn.add %r, %c2000 : {F32}",
        "func.return %y : tensor<1x4xf32>",
    ]
    (before,), (after,) = both(main("\n".join(lines)))
    np.testing.assert_array_equal(before, after)
