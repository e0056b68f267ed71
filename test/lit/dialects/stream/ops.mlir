// RUN: qnn-opt %s --print-op-generic | qnn-opt | qnn-opt | filecheck %s
// RUN: qnn-opt %s --print-op-generic | filecheck %s --check-prefix=GENERIC

// CHECK:      stream.graph @accelerator (%x: !stream.chan<ui2 x 1, 4>) -> (!stream.chan<ui1 x 1, 1>)
// CHECK-SAME: inputs([#stream.layout<shape = [1, 2, 2], perm = [0, 2, 1], channels = 2>])
// CHECK-SAME: outputs([#stream.layout<shape = [1, 1], perm = [0, 1], channels = 1>]) {
// GENERIC:      "stream.graph"() <{sym_name = "accelerator", inputs = [#stream.layout<
// GENERIC-NEXT: ^bb0(%x: !stream.chan<ui2 x 1, 4>):
stream.graph @accelerator (%x: !stream.chan<ui2 x 1, 4>) -> (!stream.chan<ui1 x 1, 1>)
    inputs([#stream.layout<shape = [1, 2, 2], perm = [0, 2, 1], channels = 2>])
    outputs([#stream.layout<shape = [1, 1], perm = [0, 1], channels = 1>]) {

  // CHECK:      %a = stream.mvtu "fc0" %x weights(dense<{{.*}}> : tensor<2x4xi8> as si2) accumulator(si5)
  // CHECK-SAME: map(#qnn.thresholds<dense<{{.*}}> : tensor<2x1xi8>, base = 0> groups dense<[0, 1]> : tensor<2xi8>)
  // CHECK-SAME: {pe = 2 : i64} : !stream.chan<ui2 x 1, 4> -> !stream.chan<ui1 x 2, 1>
  // GENERIC:    "stream.mvtu"(%x) <{name = "fc0", weights = dense<
  %a = stream.mvtu "fc0" %x weights(dense<[[1, -1, 0, 1], [0, 1, 1, -1]]> : tensor<2x4xi8> as si2) accumulator(si5)
    map(#qnn.thresholds<dense<[[1], [2]]> : tensor<2x1xi8>, base = 0> groups dense<[0, 1]> : tensor<2xi8>)
    {pe = 2 : i64} : !stream.chan<ui2 x 1, 4> -> !stream.chan<ui1 x 2, 1>

  // CHECK-NEXT: %w = stream.width "w0" %a : !stream.chan<ui1 x 2, 1> -> !stream.chan<ui1 x 1, 2>
  %w = stream.width "w0" %a : !stream.chan<ui1 x 2, 1> -> !stream.chan<ui1 x 1, 2>

  // CHECK-NEXT: %b, %c = stream.fork "f0" %w : !stream.chan<ui1 x 1, 2> -> !stream.chan<ui1 x 1, 2>, !stream.chan<ui1 x 1, 2>
  %b, %c = stream.fork "f0" %w : !stream.chan<ui1 x 1, 2> -> !stream.chan<ui1 x 1, 2>, !stream.chan<ui1 x 1, 2>

  // CHECK-NEXT: %d = stream.map "m0" %c map(#qnn.table<{{.*}}, lo = 0> groups dense<0> : tensor<1xi8>) : !stream.chan<ui1 x 1, 2> -> !stream.chan<si2 x 1, 2>
  %d = stream.map "m0" %c map(#qnn.table<dense<[[1, -1]]> : tensor<1x2xi8>, lo = 0> groups dense<0> : tensor<1xi8>)
    : !stream.chan<ui1 x 1, 2> -> !stream.chan<si2 x 1, 2>

  // CHECK-NEXT: %e = stream.join_add "j0" %b, %d {mb = -3 : i64} : !stream.chan<ui1 x 1, 2>, !stream.chan<si2 x 1, 2> -> !stream.chan<si4 x 1, 2>
  %e = stream.join_add "j0" %b, %d {mb = -3 : i64}
    : !stream.chan<ui1 x 1, 2>, !stream.chan<si2 x 1, 2> -> !stream.chan<si4 x 1, 2>

  // CHECK-NEXT: %f = builtin.unrealized_conversion_cast %e : !stream.chan<si4 x 1, 2> to !stream.chan<si4 x 2, 1>
  %f = builtin.unrealized_conversion_cast %e : !stream.chan<si4 x 1, 2> to !stream.chan<si4 x 2, 1>

  // CHECK-NEXT: %g = stream.label_select "l0" %f {channels = 2 : i64, simd = 2 : i64} : !stream.chan<si4 x 2, 1> -> !stream.chan<ui1 x 1, 1>
  %g = stream.label_select "l0" %f {channels = 2 : i64, simd = 2 : i64}
    : !stream.chan<si4 x 2, 1> -> !stream.chan<ui1 x 1, 1>

  // CHECK-NEXT: stream.output %g : !stream.chan<ui1 x 1, 1>
  stream.output %g : !stream.chan<ui1 x 1, 1>
}
