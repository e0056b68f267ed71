// RUN: QNN_ROUNDTRIP
// RUN: QNN_MLIR_ROUNDTRIP

// CHECK-LABEL: stream.graph @accelerator
stream.graph @accelerator (%x: !stream.chan<ui2 x 2, 16>, %z: !stream.chan<si3 x 1, 16>) -> (!stream.chan<si8 x 1, 16>)
    inputs([#stream.layout<shape = [32], perm = [0], channels = 32>, #stream.layout<shape = [16], perm = [0], channels = 16>])
    outputs([#stream.layout<shape = [16], perm = [0], channels = 16>]) {

  // CHECK:      %w = stream.window "window" %x {shape = array<i64: 4, 4, 2>, kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>
  // CHECK-SAME: pads = array<i64: 1, 1, 0, 0>, pad_value = 1 : i64, simd = 2 : i64} : !stream.chan<ui2 x 2, 16> -> !stream.chan<ui2 x 2, 36>
  %w = stream.window "window" %x {shape = array<i64: 4, 4, 2>, kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>,
    dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 0, 0>, pad_value = 1 : i64, simd = 2 : i64}
    : !stream.chan<ui2 x 2, 16> -> !stream.chan<ui2 x 2, 36>

  // CHECK-NEXT: %d = stream.depthwise "dw" %w weights(dense<1> : tensor<9x2xi8> as ui1) accumulator(ui5)
  // CHECK-SAME: map(#qnn.thresholds<dense<{{.*}}> : tensor<1x3xi8>, base = 0> groups dense<0> : tensor<2xi8>) {positions = 4 : i64, pe = 2 : i64}
  %d = stream.depthwise "dw" %w weights(dense<1> : tensor<9x2xi8> as ui1) accumulator(ui5)
    map(#qnn.thresholds<dense<[[3, 9, 17]]> : tensor<1x3xi8>, base = 0> groups dense<0> : tensor<2xi8>)
    {positions = 4 : i64, pe = 2 : i64} : !stream.chan<ui2 x 2, 36> -> !stream.chan<ui2 x 2, 4>

  // CHECK-NEXT: %u = stream.upsample "up" %d {shape = array<i64: 2, 2, 2>, factors = array<i64: 2, 2>, pe = 2 : i64}
  %u = stream.upsample "up" %d {shape = array<i64: 2, 2, 2>, factors = array<i64: 2, 2>, pe = 2 : i64}
    : !stream.chan<ui2 x 2, 4> -> !stream.chan<ui2 x 2, 16>
  %v = stream.width "narrow" %u : !stream.chan<ui2 x 2, 16> -> !stream.chan<ui2 x 1, 32>

  // CHECK:      %c = stream.concat "join" %v, %z {lengths = array<i64: 2, 1>, vectors = 16 : i64} : !stream.chan<ui2 x 1, 32>, !stream.chan<si3 x 1, 16> -> !stream.chan<si3 x 1, 48>
  %c = stream.concat "join" %v, %z {lengths = array<i64: 2, 1>, vectors = 16 : i64}
    : !stream.chan<ui2 x 1, 32>, !stream.chan<si3 x 1, 16> -> !stream.chan<si3 x 1, 48>

  // CHECK-NEXT: %r = stream.reorder "turn" %c {shape = array<i64: 4, 3>, perm = array<i64: 1, 0>, blocks = 4 : i64}
  %r = stream.reorder "turn" %c {shape = array<i64: 4, 3>, perm = array<i64: 1, 0>, blocks = 4 : i64}
    : !stream.chan<si3 x 1, 48> -> !stream.chan<si3 x 1, 48>

  // CHECK-NEXT: %k = stream.crop "part" %r {shape = array<i64: 4, 12>, starts = array<i64: 0, 1>, sizes = array<i64: 4, 4>, steps = array<i64: 1, 3>}
  %k = stream.crop "part" %r {shape = array<i64: 4, 12>, starts = array<i64: 0, 1>, sizes = array<i64: 4, 4>,
    steps = array<i64: 1, 3>} : !stream.chan<si3 x 1, 48> -> !stream.chan<si3 x 1, 16>

  // CHECK-NEXT: %p = stream.pool "sum" %k {kind = #stream<pool_kind sum>, positions = 16 : i64, taps = 1 : i64, channels = 1 : i64}
  %p = stream.pool "sum" %k {kind = #stream<pool_kind sum>, positions = 16 : i64, taps = 1 : i64, channels = 1 : i64}
    : !stream.chan<si3 x 1, 16> -> !stream.chan<si8 x 1, 16>
  stream.output %p : !stream.chan<si8 x 1, 16>
}
