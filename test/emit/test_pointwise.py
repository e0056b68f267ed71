"""Which prologues are one function of every element."""

import pytest

from qnn_ir.driver.context import parse_module
from qnn_ir.emit.host import has_pointwise_prologue

_MODULE = """
func.func @prologue(%0: tensor<1x2xf32>) -> tensor<1x2xui5> {{
  %1 = qnn.constant dense<0.0> : tensor<f32> as tensor<f32>
  %2 = qnn.constant {constant}
  {between}
  %4 = qnn.quant %3, %2, %1 {{bits = 5.0 : f64, signed = false, narrow = false, rounding = #qnn<rounding half_even>}}
    : (tensor<1x2xf32>, {type}, tensor<f32>) -> tensor<1x2xf32>
  %5 = qnn.to_integer %4 {{scale = {scale}, bias = dense<0.0> : tensor<1xf64>, groups = {groups}}}
    : (tensor<1x2xf32>) -> tensor<1x2xui5>
  func.return %5 : tensor<1x2xui5>
}}
func.func @epilogue(%0: tensor<1x2xui5>) -> tensor<1x2xui5> {{
  func.return %0 : tensor<1x2xui5>
}}
"""
_PLAIN = {
    "constant": "dense<1.0> : tensor<f32> as tensor<f32>",
    "type": "tensor<f32>",
    "between": "%3 = qnn.relu %0 : (tensor<1x2xf32>) -> tensor<1x2xf32>",
    "scale": "dense<1.0> : tensor<1xf64>",
    "groups": "dense<0> : tensor<1x1xi8>",
}
_PER_ELEMENT = {"type": "tensor<1x2xf32>"}


@pytest.mark.parametrize(
    ("changes", "pointwise"),
    [
        ({}, True),
        (_PER_ELEMENT | {"constant": "dense<[[1.0, 1.0]]> : tensor<1x2xf32> as tensor<1x2xf32>"}, True),
        (_PER_ELEMENT | {"constant": "dense<[[1.0, 2.0]]> : tensor<1x2xf32> as tensor<1x2xf32>"}, False),
        ({"scale": "dense<[1.0, 2.0]> : tensor<2xf64>", "groups": "dense<[[0, 1]]> : tensor<1x2xi8>"}, False),
        ({"between": "%3 = qnn.softmax %0 {axis = 1 : i64} : (tensor<1x2xf32>) -> tensor<1x2xf32>"}, False),
    ],
)
def test_pointwise(changes: dict[str, str], pointwise: bool) -> None:
    module = parse_module(_MODULE.format(**_PLAIN | changes), "test")
    assert has_pointwise_prologue(module) is pointwise
