// RUN: qnn-opt %s -p convert-qnn-to-stream | filecheck %s

// The map goes on board, the transposition becomes the order of the input, the second product permutes its columns.

// CHECK:      stream.graph @accelerator (%x: !stream.chan<ui2 x 1, 6>) -> (!stream.chan<ui2 x 1, 1>)
// CHECK-SAME: inputs([#stream.layout<shape = [3, 2], perm = [1, 0], channels = 3>])
// CHECK-SAME: outputs([#stream.layout<shape = [1, 1], perm = [0, 1], channels = 1>]) {
// CHECK-NEXT: %q = stream.mvtu "first_layer" %x weights(dense<{{\[\[}}1, 0, -1], [0, 1, 1]]> : tensor<2x3xi8> as si2) accumulator(si4) map(#qnn.thresholds<{{.*}}> groups dense<[0, 1]> : tensor<2xi8>) {vectors = 2 : i64}
// CHECK-SAME: !stream.chan<ui2 x 1, 6> -> !stream.chan<ui2 x 1, 4>
// CHECK-NEXT: %b = stream.mvtu "matmul" %q weights(dense<{{\[\[}}1, 3, 2, 4]{{.*}} : tensor<3x4xi8> as ui3) accumulator({{.*}}) : !stream.chan<ui2 x 1, 4> -> !stream.chan<ui6 x 1, 3>
// CHECK-NEXT: %i = stream.label_select "arg_max" %b {channels = 3 : i64} : !stream.chan<ui6 x 1, 3> -> !stream.chan<ui2 x 1, 1>
// CHECK-NEXT: stream.output %i : !stream.chan<ui2 x 1, 1>
func.func @accelerator(%x: tensor<1x3x2xui2>) -> tensor<1x1xui2> {
  %w = qnn.constant dense<[[1, 0], [0, 1], [-1, 1]]> : tensor<3x2xi8> as tensor<3x2xsi2>
  %v = qnn.constant dense<[[1, 1, 1], [2, 0, 1], [3, 1, 0], [4, 0, 0]]> : tensor<4x3xi8> as tensor<4x3xui3>
  %t = qnn.transpose %x {perm = array<i64: 0, 2, 1>} : (tensor<1x3x2xui2>) -> tensor<1x2x3xui2>
  %a = qnn.matmul %t, %w : (tensor<1x2x3xui2>, tensor<3x2xsi2>) -> tensor<1x2x2xsi4> loc("first/layer")
  %q = qnn.map %a {map = #qnn.thresholds<dense<[[0, 1, 2], [1, 2, 3]]> : tensor<2x3xi8>, base = 0>,
    groups = dense<[0, 1]> : tensor<2xi8>} : (tensor<1x2x2xsi4>) -> tensor<1x2x2xui2>
  %u = qnn.transpose %q {perm = array<i64: 0, 2, 1>} : (tensor<1x2x2xui2>) -> tensor<1x2x2xui2>
  %f = qnn.reshape %u : (tensor<1x2x2xui2>) -> tensor<1x4xui2>
  %b = qnn.matmul %f, %v : (tensor<1x4xui2>, tensor<4x3xui3>) -> tensor<1x3xui6>
  %i = qnn.arg_max %b {axis = 1 : i64, keepdims = true, last_index = false} : (tensor<1x3xui6>) -> tensor<1x1xui2>
  func.return %i : tensor<1x1xui2>
}
