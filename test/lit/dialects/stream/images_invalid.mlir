// RUN: QNN_INVALID

// CHECK: the window is larger than the padded image
%x = "test.op"() : () -> !stream.chan<ui2 x 1, 4>
%y = stream.window "w" %x {shape = array<i64: 2, 2, 1>, kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>,
  dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : !stream.chan<ui2 x 1, 4> -> !stream.chan<ui2 x 1, 9>

// -----

// CHECK: ui2 does not hold the pad value
%x = "test.op"() : () -> !stream.chan<ui2 x 1, 4>
%y = stream.window "w" %x {shape = array<i64: 2, 2, 1>, kernel = array<i64: 2, 2>, strides = array<i64: 1, 1>,
  dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, pad_value = 4 : i64}
  : !stream.chan<ui2 x 1, 4> -> !stream.chan<ui2 x 1, 4>

// -----

// CHECK: simd 2 does not divide 1 channels
%x = "test.op"() : () -> !stream.chan<ui2 x 2, 2>
%y = stream.window "w" %x {shape = array<i64: 2, 2, 1>, kernel = array<i64: 2, 2>, strides = array<i64: 1, 1>,
  dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, simd = 2 : i64}
  : !stream.chan<ui2 x 2, 2> -> !stream.chan<ui2 x 2, 2>

// -----

// CHECK: input has 4 elements per frame, expected 8
%x = "test.op"() : () -> !stream.chan<ui2 x 1, 4>
%y = stream.depthwise "d" %x weights(dense<1> : tensor<4x1xi8> as ui1) accumulator(ui4) {positions = 2 : i64}
  : !stream.chan<ui2 x 1, 4> -> !stream.chan<ui4 x 1, 2>

// -----

// CHECK: 2 lengths for 3 inputs, expected two or more of each
%x = "test.op"() : () -> !stream.chan<ui2 x 1, 4>
%y = stream.concat "c" %x, %x, %x {lengths = array<i64: 4, 4>}
  : !stream.chan<ui2 x 1, 4>, !stream.chan<ui2 x 1, 4>, !stream.chan<ui2 x 1, 4> -> !stream.chan<ui2 x 1, 12>

// -----

// CHECK: pe 2 does not divide the lengths [4, 3]
%a, %b = "test.op"() : () -> (!stream.chan<ui2 x 2, 2>, !stream.chan<ui2 x 1, 3>)
%y = stream.concat "c" %a, %b {lengths = array<i64: 4, 3>, pe = 2 : i64}
  : !stream.chan<ui2 x 2, 2>, !stream.chan<ui2 x 1, 3> -> !stream.chan<ui2 x 1, 7>

// -----

// CHECK: ui2 does not hold si2
%a, %b = "test.op"() : () -> (!stream.chan<ui2 x 1, 4>, !stream.chan<si2 x 1, 4>)
%y = stream.concat "c" %a, %b {lengths = array<i64: 4, 4>}
  : !stream.chan<ui2 x 1, 4>, !stream.chan<si2 x 1, 4> -> !stream.chan<ui2 x 1, 8>

// -----

// CHECK: 2 indices from 1 in steps of 3 are not within 4
%x = "test.op"() : () -> !stream.chan<ui2 x 1, 4>
%y = stream.crop "c" %x {shape = array<i64: 4>, starts = array<i64: 1>, sizes = array<i64: 2>, steps = array<i64: 3>}
  : !stream.chan<ui2 x 1, 4> -> !stream.chan<ui2 x 1, 2>

// -----

// CHECK: a beat of 2 lanes is neither inside nor outside
%x = "test.op"() : () -> !stream.chan<ui2 x 2, 2>
%y = stream.crop "c" %x {shape = array<i64: 4>, starts = array<i64: 1>, sizes = array<i64: 2>, steps = array<i64: 1>,
  pe = 2 : i64} : !stream.chan<ui2 x 2, 2> -> !stream.chan<ui2 x 2, 1>

// -----

// CHECK: result has 4 elements per frame, expected 8
%x = "test.op"() : () -> !stream.chan<ui2 x 1, 4>
%y = stream.upsample "u" %x {shape = array<i64: 2, 2, 1>, factors = array<i64: 1, 2>}
  : !stream.chan<ui2 x 1, 4> -> !stream.chan<ui2 x 1, 4>

// -----

// CHECK: moving keeps the element: ui2 became ui3
%x = "test.op"() : () -> !stream.chan<ui2 x 1, 4>
%y = stream.upsample "u" %x {shape = array<i64: 2, 2, 1>, factors = array<i64: 1, 1>}
  : !stream.chan<ui2 x 1, 4> -> !stream.chan<ui3 x 1, 4>

// -----

// CHECK: [0, 0] is no permutation of the axes of [2, 2]
%x = "test.op"() : () -> !stream.chan<ui2 x 1, 4>
%y = stream.reorder "r" %x {shape = array<i64: 2, 2>, perm = array<i64: 0, 0>}
  : !stream.chan<ui2 x 1, 4> -> !stream.chan<ui2 x 1, 4>

// -----

// CHECK: a beat of 2 lanes does not stay together
%x = "test.op"() : () -> !stream.chan<ui2 x 2, 2>
%y = stream.reorder "r" %x {shape = array<i64: 2, 2>, perm = array<i64: 1, 0>, pe = 2 : i64}
  : !stream.chan<ui2 x 2, 2> -> !stream.chan<ui2 x 2, 2>

// -----

// CHECK: 2 taps are neither a part of a row of the window nor rows that divide it
%x = "test.op"() : () -> !stream.chan<ui2 x 1, 9>
%y = stream.window "w" %x {shape = array<i64: 3, 3, 1>, kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>,
  dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, taps = 2 : i64}
  : !stream.chan<ui2 x 1, 9> -> !stream.chan<ui2 x 1, 9>

// -----

// CHECK: a beat of 3 taps has all 2 channels of each
%x = "test.op"() : () -> !stream.chan<ui2 x 1, 18>
%y = stream.window "w" %x {shape = array<i64: 3, 3, 2>, kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>,
  dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, taps = 3 : i64}
  : !stream.chan<ui2 x 1, 18> -> !stream.chan<ui2 x 3, 6>
