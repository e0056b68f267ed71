// RUN: qnn-opt %s --print-op-generic | qnn-opt | filecheck %s

// CHECK: stream.graph @accelerator
stream.graph @accelerator (%x: !stream.chan<ui2 x 2, 16>) -> (!stream.chan<si4 x 2, 4>)
    inputs([#stream.layout<shape = [1, 2, 4, 4], perm = [0, 2, 3, 1], channels = 2>])
    outputs([#stream.layout<shape = [1, 2, 2, 2], perm = [0, 2, 3, 1], channels = 2>]) {

  // CHECK-NEXT: %w = stream.window "w0" %x {shape = array<i64: 4, 4, 2>, kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, simd = 2 : i64} : !stream.chan<ui2 x 2, 16> -> !stream.chan<ui2 x 2, 144>
  %w = stream.window "w0" %x {shape = array<i64: 4, 4, 2>, kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>,
    dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, simd = 2 : i64}
    : !stream.chan<ui2 x 2, 16> -> !stream.chan<ui2 x 2, 144>

  // CHECK-NEXT: %d = stream.depthwise "d0" %w weights(dense<1> : tensor<9x2xi8> as ui1) accumulator(ui5) map(#qnn.thresholds<{{.*}}> groups dense<0> : tensor<2xi8>) {positions = 16 : i64, pe = 2 : i64} : !stream.chan<ui2 x 2, 144> -> !stream.chan<si4 x 2, 16>
  %d = stream.depthwise "d0" %w weights(dense<1> : tensor<9x2xi8> as ui1) accumulator(ui5)
    map(#qnn.thresholds<dense<[[1, 3]]> : tensor<1x2xi8>, base = -1> groups dense<0> : tensor<2xi8>)
    {positions = 16 : i64, pe = 2 : i64} : !stream.chan<ui2 x 2, 144> -> !stream.chan<si4 x 2, 16>

  // CHECK-NEXT: %v = stream.window "w1" %d {{.*}}pad_value = -8 : i64{{.*}} : !stream.chan<si4 x 2, 16> -> !stream.chan<si4 x 2, 16>
  %v = stream.window "w1" %d {shape = array<i64: 4, 4, 2>, kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>,
    dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = -8 : i64, simd = 2 : i64}
    : !stream.chan<si4 x 2, 16> -> !stream.chan<si4 x 2, 16>

  // CHECK-NEXT: %p = stream.pool "p0" %v {kind = #stream<pool_kind max>, positions = 4 : i64, taps = 4 : i64, channels = 2 : i64, pe = 2 : i64} : !stream.chan<si4 x 2, 16> -> !stream.chan<si4 x 2, 4>
  %p = stream.pool "p0" %v {kind = #stream<pool_kind max>, positions = 4 : i64, taps = 4 : i64, channels = 2 : i64,
    pe = 2 : i64} : !stream.chan<si4 x 2, 16> -> !stream.chan<si4 x 2, 4>
  stream.output %p : !stream.chan<si4 x 2, 4>
}
