// RUN: QNN_INVALID

%x, %w = "test.op"() : () -> (tensor<1x8xf32>, tensor<8x3xsi2>)
// CHECK: mixture of float and integer tensors
%y = qnn.matmul %x, %w : (tensor<1x8xf32>, tensor<8x3xsi2>) -> tensor<1x3xf32>

// -----

%x, %w = "test.op"() : () -> (tensor<1x8xf32>, tensor<9x3xf32>)
// CHECK: inner sizes of 1x8 and 9x3 differ
%y = qnn.matmul %x, %w : (tensor<1x8xf32>, tensor<9x3xf32>) -> tensor<1x3xf32>

// -----

%x, %w = "test.op"() : () -> (tensor<1x8xf32>, tensor<8x3xf32>)
// CHECK: result has shape 1x4, expected 1x3
%y = qnn.matmul %x, %w : (tensor<1x8xf32>, tensor<8x3xf32>) -> tensor<1x4xf32>

// -----

%x = "test.op"() : () -> tensor<1x8xi4>
// CHECK: expected a tensor of f32, f64, siN or uiN
%y = qnn.reshape %x : (tensor<1x8xi4>) -> tensor<8xi4>

// -----

// CHECK: si2 does not hold the values of the constant
%c = qnn.constant dense<[1, 2]> : tensor<2xi8> as tensor<2xsi2>

// -----

// CHECK: value of shape 2 as 3
%c = qnn.constant dense<[1, 2]> : tensor<2xi8> as tensor<3xsi8>

// -----

%x, %w = "test.op"() : () -> (tensor<1x3x8x8xf32>, tensor<4x2x3x3xf32>)
// CHECK: 3 channels, but weights for 1 groups of 2
%y = qnn.conv %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>} : (tensor<1x3x8x8xf32>, tensor<4x2x3x3xf32>) -> tensor<1x4x6x6xf32>

// -----

%x, %w = "test.op"() : () -> (tensor<1x3x2x2xf32>, tensor<4x3x3x3xf32>)
// CHECK: window of 3 does not fit into 2 elements padded by 0 and 0
%y = qnn.conv %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>} : (tensor<1x3x2x2xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x1x1xf32>

// -----

%x, %w = "test.op"() : () -> (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>)
// CHECK: strides, dilations, pads of lengths (1, 2, 4) for 2 spatial axes
%y = qnn.conv %x, %w {strides = array<i64: 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>} : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x6x6xf32>

// -----

%x = "test.op"() : () -> tensor<1x3x8x8xf32>
// CHECK: padding as large as the window
%y = qnn.max_pool %x {kernel = array<i64: 2, 2>, strides = array<i64: 1, 1>, pads = array<i64: 2, 0, 0, 0>, dilations = array<i64: 1, 1>} : (tensor<1x3x8x8xf32>) -> tensor<1x3x9x7xf32>

// -----

%x, %s = "test.op"() : () -> (tensor<1x8xf32>, tensor<3xf32>)
// CHECK: shapes 1x8, 3 do not broadcast
%y = qnn.add %x, %s : (tensor<1x8xf32>, tensor<3xf32>) -> tensor<1x8xf32>

// -----

%x, %t = "test.op"() : () -> (tensor<1x8xf32>, tensor<3x2xf32>)
// CHECK: 3 rows of thresholds for 8 channels
%y = qnn.multi_threshold %x, %t {out_scale = 1.0 : f64, out_bias = 0.0 : f64, channel_axis = 1 : i64} : (tensor<1x8xf32>, tensor<3x2xf32>) -> tensor<1x8xf32>

// -----

%x, %s = "test.op"() : () -> (tensor<1x8xf32>, tensor<f32>)
// CHECK: bits = 0.0 is no bit width from 1 to 64
%y = qnn.quant %x, %s, %s {bits = 0.0 : f64, signed = true, narrow = false, rounding = #qnn<rounding floor>} : (tensor<1x8xf32>, tensor<f32>, tensor<f32>) -> tensor<1x8xf32>

// -----

%x, %s, %z = "test.op"() : () -> (tensor<1x8xf32>, tensor<f32>, tensor<ui8>)
// CHECK: ui4 does not hold [0, 255]
%y = qnn.quantize_linear %x, %s, %z {axis = 1 : i64, lo = 0 : i64, hi = 255 : i64} : (tensor<1x8xf32>, tensor<f32>, tensor<ui8>) -> tensor<1x8xui4>

// -----

%x = "test.op"() : () -> tensor<1x8xf32>
// CHECK: hard_sigmoid has 2 parameters, not 0
%y = qnn.unary %x {fn = #qnn<function hard_sigmoid>} : (tensor<1x8xf32>) -> tensor<1x8xf32>

// -----

%x = "test.op"() : () -> tensor<1x8xf32>
// CHECK: 1x8 has 8 elements, 1x9 has 9
%y = qnn.reshape %x : (tensor<1x8xf32>) -> tensor<1x9xf32>

// -----

%x = "test.op"() : () -> tensor<1x8xui4>
// CHECK: result element type is ui5, operand element type is ui4
%y = qnn.reshape %x : (tensor<1x8xui4>) -> tensor<8xui5>

// -----

%x = "test.op"() : () -> tensor<1x8xf32>
// CHECK: [0, 0] is no permutation of the axes of 1x8
%y = qnn.transpose %x {perm = array<i64: 0, 0>} : (tensor<1x8xf32>) -> tensor<1x1xf32>

// -----

%x = "test.op"() : () -> tensor<1x8xui4>
// CHECK: group index outside the 1 rows
%y = qnn.map %x {map = #qnn.thresholds<dense<[[1, 2]]> : tensor<1x2xi8>, base = 0>, groups = dense<1> : tensor<i8>} : (tensor<1x8xui4>) -> tensor<1x8xui2>

// -----

// CHECK: thresholds must ascend in every row
"test.op"() {map = #qnn.thresholds<dense<[[2, 1]]> : tensor<1x2xi8>, base = 0>} : () -> ()

// -----

// CHECK: requant rounds floor or half_even, not ceil
"test.op"() {map = #qnn.requant<m = dense<1> : tensor<1xi8>, c = dense<1> : tensor<1xi8>, shift = 1, rounding = ceil, lo = 0, hi = 1>} : () -> ()

// -----

%x = "test.op"() : () -> tensor<1x8xf32>
// CHECK: scales must be finite, not 0
%y = qnn.to_integer %x {scale = dense<0.0> : tensor<1xf64>, bias = dense<0.0> : tensor<1xf64>, groups = dense<0> : tensor<i8>} : (tensor<1x8xf32>) -> tensor<1x8xui4>

// -----

%x = "test.op"() : () -> tensor<1x10xf32>
// CHECK: 11 largest of 10 elements
%v, %i = qnn.top_k %x {k = 11 : i64, axis = 1 : i64, largest = true} : (tensor<1x10xf32>) -> (tensor<1x11xf32>, tensor<1x11xsi64>)

// -----

%x = "test.op"() : () -> tensor<1x10xf32>
// CHECK: tensor<1x1xui3> for 10 indices
%i = qnn.arg_max %x {axis = 1 : i64, keepdims = true, last_index = false} : (tensor<1x10xf32>) -> tensor<1x1xui3>
