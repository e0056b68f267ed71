// RUN: QNN_ROUNDTRIP
// RUN: QNN_MLIR_ROUNDTRIP

// CHECK-LABEL: @constants
func.func @constants() {
  // CHECK-NEXT: %0 = qnn.constant dense<[[1, -1], [0, 1]]> : tensor<2x2xi8> as tensor<2x2xsi2>
  %0 = qnn.constant dense<[[1, -1], [0, 1]]> : tensor<2x2xi8> as tensor<2x2xsi2>
  // CHECK-NEXT: %1 = qnn.constant dense<200> : tensor<3xui8> as tensor<3xui8>
  %1 = qnn.constant dense<200> : tensor<3xui8> as tensor<3xui8>
  // CHECK-NEXT: %2 = qnn.constant dense<[5.000000e-01, -1.000000e+00]> : tensor<2xf32> as tensor<2xf32>
  %2 = qnn.constant dense<[0.5, -1.0]> : tensor<2xf32> as tensor<2xf32>
  // CHECK-NEXT: %3 = qnn.constant dense<1.000000e-01> : tensor<f64> as tensor<f64>
  %3 = qnn.constant dense<0.1> : tensor<f64> as tensor<f64>
  // CHECK-NEXT: %4 = qnn.constant dense<3> : tensor<i8> as tensor<si3>
  %4 = qnn.constant dense<3> : tensor<i8> as tensor<si3>
  func.return
}

// CHECK-LABEL: @quantisers
func.func @quantisers(%arg0: tensor<1x8xf32>, %arg1: tensor<f32>, %arg2: tensor<f32>, %arg3: tensor<8x3xf32>, %arg4: tensor<ui8>) {
  // CHECK-NEXT: qnn.quant %arg0, %arg1, %arg2 {bits = 2.500000e+00 : f64, signed = true, narrow = false, rounding = #qnn<rounding half_even>} : (tensor<1x8xf32>, tensor<f32>, tensor<f32>) -> tensor<1x8xf32>
  %0 = qnn.quant %arg0, %arg1, %arg2 {bits = 2.5 : f64, signed = true, narrow = false, rounding = #qnn<rounding half_even>} : (tensor<1x8xf32>, tensor<f32>, tensor<f32>) -> tensor<1x8xf32>
  // CHECK-NEXT: qnn.bipolar_quant %arg0, %arg1 : (tensor<1x8xf32>, tensor<f32>) -> tensor<1x8xf32>
  %1 = qnn.bipolar_quant %arg0, %arg1 : (tensor<1x8xf32>, tensor<f32>) -> tensor<1x8xf32>
  // CHECK-NEXT: qnn.trunc %arg0, %arg1, %arg2 {version = 1 : i64, in_bits = 8.000000e+00 : f64, out_bits = 4.000000e+00 : f64, signed = true, narrow = false, rounding = #qnn<rounding floor>}
  %2 = qnn.trunc %arg0, %arg1, %arg2 {version = 1 : i64, in_bits = 8.0 : f64, out_bits = 4.0 : f64, signed = true, narrow = false, rounding = #qnn<rounding floor>} : (tensor<1x8xf32>, tensor<f32>, tensor<f32>) -> tensor<1x8xf32>
  // CHECK-NEXT: qnn.trunc %arg0, %arg1, %arg2, %arg1 {version = 2 : i64, {{.*}}rounding = #qnn<rounding half_down>} : (tensor<1x8xf32>, tensor<f32>, tensor<f32>, tensor<f32>) -> tensor<1x8xf32>
  %3 = qnn.trunc %arg0, %arg1, %arg2, %arg1 {version = 2 : i64, in_bits = 8.0 : f64, out_bits = 4.0 : f64, signed = true, narrow = true, rounding = #qnn<rounding half_down>} : (tensor<1x8xf32>, tensor<f32>, tensor<f32>, tensor<f32>) -> tensor<1x8xf32>
  // CHECK-NEXT: qnn.multi_threshold %arg0, %arg3 {out_scale = 2.000000e+00 : f64, out_bias = -1.000000e+00 : f64, channel_axis = 1 : i64}
  %4 = qnn.multi_threshold %arg0, %arg3 {out_scale = 2.0 : f64, out_bias = -1.0 : f64, channel_axis = 1 : i64} : (tensor<1x8xf32>, tensor<8x3xf32>) -> tensor<1x8xf32>
  // CHECK-NEXT: qnn.quantize_linear %arg0, %arg1, %arg4 {axis = 1 : i64, lo = 0 : i64, hi = 255 : i64} : (tensor<1x8xf32>, tensor<f32>, tensor<ui8>) -> tensor<1x8xui8>
  %5 = qnn.quantize_linear %arg0, %arg1, %arg4 {axis = 1 : i64, lo = 0 : i64, hi = 255 : i64} : (tensor<1x8xf32>, tensor<f32>, tensor<ui8>) -> tensor<1x8xui8>
  // CHECK-NEXT: qnn.dequantize_linear %5, %arg1, %arg4 {axis = 1 : i64} : (tensor<1x8xui8>, tensor<f32>, tensor<ui8>) -> tensor<1x8xf32>
  %6 = qnn.dequantize_linear %5, %arg1, %arg4 {axis = 1 : i64} : (tensor<1x8xui8>, tensor<f32>, tensor<ui8>) -> tensor<1x8xf32>
  // CHECK-NEXT: qnn.float_quant %arg0, %arg1 {exponent_bits = 4.000000e+00 : f64, mantissa_bits = 3.000000e+00 : f64, exponent_bias = 7.000000e+00 : f64, max_value = 4.800000e+02 : f64, rounding = #qnn<rounding half_even>}
  %7 = qnn.float_quant %arg0, %arg1 {exponent_bits = 4.0 : f64, mantissa_bits = 3.0 : f64, exponent_bias = 7.0 : f64, max_value = 480.0 : f64, rounding = #qnn<rounding half_even>} : (tensor<1x8xf32>, tensor<f32>) -> tensor<1x8xf32>
  func.return
}

// CHECK-LABEL: @linear
func.func @linear(%arg0: tensor<1x4x6x6xf32>, %arg1: tensor<8x4x3x3xf32>, %arg2: tensor<8xf32>, %arg3: tensor<1x4x6x6xui4>, %arg4: tensor<4x1x3x3xsi2>, %arg5: tensor<4x2x2x2xf32>, %arg6: tensor<4xf32>, %arg7: tensor<6x3xf32>) {
  // CHECK-NEXT: qnn.matmul %arg0, %arg7 : (tensor<1x4x6x6xf32>, tensor<6x3xf32>) -> tensor<1x4x6x3xf32>
  %0 = qnn.matmul %arg0, %arg7 : (tensor<1x4x6x6xf32>, tensor<6x3xf32>) -> tensor<1x4x6x3xf32>
  // CHECK-NEXT: qnn.conv %arg0, %arg1, %arg2 {strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 1, 1>, dilations = array<i64: 1, 1>} : (tensor<1x4x6x6xf32>, tensor<8x4x3x3xf32>, tensor<8xf32>) -> tensor<1x8x3x3xf32>
  %1 = qnn.conv %arg0, %arg1, %arg2 {strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 1, 1>, dilations = array<i64: 1, 1>} : (tensor<1x4x6x6xf32>, tensor<8x4x3x3xf32>, tensor<8xf32>) -> tensor<1x8x3x3xf32>
  // CHECK-NEXT: qnn.conv %arg3, %arg4 {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, group = 4 : i64, pad_value = 7 : i64} : (tensor<1x4x6x6xui4>, tensor<4x1x3x3xsi2>) -> tensor<1x4x6x6xsi10>
  %2 = qnn.conv %arg3, %arg4 {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, group = 4 : i64, pad_value = 7 : i64} : (tensor<1x4x6x6xui4>, tensor<4x1x3x3xsi2>) -> tensor<1x4x6x6xsi10>
  // CHECK-NEXT: qnn.conv_transpose %arg0, %arg5 {strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, output_padding = array<i64: 0, 1>} : (tensor<1x4x6x6xf32>, tensor<4x2x2x2xf32>) -> tensor<1x2x12x13xf32>
  %3 = qnn.conv_transpose %arg0, %arg5 {strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, output_padding = array<i64: 0, 1>} : (tensor<1x4x6x6xf32>, tensor<4x2x2x2xf32>) -> tensor<1x2x12x13xf32>
  // CHECK-NEXT: qnn.batch_norm %arg0, %arg6, %arg6, %arg6, %arg6 {epsilon = 1.000000e-05 : f64}
  %4 = qnn.batch_norm %arg0, %arg6, %arg6, %arg6, %arg6 {epsilon = 1.0e-05 : f64} : (tensor<1x4x6x6xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x6x6xf32>
  // CHECK-NEXT: qnn.average_pool %arg0 {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, count_include_pad = true} : (tensor<1x4x6x6xf32>) -> tensor<1x4x3x3xf32>
  %5 = qnn.average_pool %arg0 {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, count_include_pad = true} : (tensor<1x4x6x6xf32>) -> tensor<1x4x3x3xf32>
  // CHECK-NEXT: qnn.max_pool %arg3 {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, ceil_mode = true} : (tensor<1x4x6x6xui4>) -> tensor<1x4x3x3xui4>
  %6 = qnn.max_pool %arg3 {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, ceil_mode = true} : (tensor<1x4x6x6xui4>) -> tensor<1x4x3x3xui4>
  // CHECK-NEXT: qnn.sum_pool %arg3 {kernel = array<i64: 6, 6>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x4x6x6xui4>) -> tensor<1x4x1x1xui10>
  %7 = qnn.sum_pool %arg3 {kernel = array<i64: 6, 6>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x4x6x6xui4>) -> tensor<1x4x1x1xui10>
  func.return
}

// CHECK-LABEL: @elementwise
func.func @elementwise(%arg0: tensor<1x8xf32>, %arg1: tensor<8xf32>, %arg2: tensor<1x8xui4>) {
  // CHECK-NEXT: qnn.add %arg0, %arg1 : (tensor<1x8xf32>, tensor<8xf32>) -> tensor<1x8xf32>
  %0 = qnn.add %arg0, %arg1 : (tensor<1x8xf32>, tensor<8xf32>) -> tensor<1x8xf32>
  // CHECK-NEXT: qnn.add %arg2, %arg2 : (tensor<1x8xui4>, tensor<1x8xui4>) -> tensor<1x8xui5>
  %1 = qnn.add %arg2, %arg2 : (tensor<1x8xui4>, tensor<1x8xui4>) -> tensor<1x8xui5>
  // CHECK-NEXT: qnn.sub
  %2 = qnn.sub %arg0, %arg1 : (tensor<1x8xf32>, tensor<8xf32>) -> tensor<1x8xf32>
  // CHECK-NEXT: qnn.mul
  %3 = qnn.mul %arg0, %arg1 : (tensor<1x8xf32>, tensor<8xf32>) -> tensor<1x8xf32>
  // CHECK-NEXT: qnn.div
  %4 = qnn.div %arg0, %arg1 : (tensor<1x8xf32>, tensor<8xf32>) -> tensor<1x8xf32>
  // CHECK-NEXT: qnn.relu %arg0 : (tensor<1x8xf32>) -> tensor<1x8xf32>
  %5 = qnn.relu %arg0 : (tensor<1x8xf32>) -> tensor<1x8xf32>
  // CHECK-NEXT: qnn.leaky_relu %arg0 {alpha = 1.000000e-01 : f64}
  %6 = qnn.leaky_relu %arg0 {alpha = 0.1 : f64} : (tensor<1x8xf32>) -> tensor<1x8xf32>
  // CHECK-NEXT: qnn.prelu %arg0, %arg1
  %7 = qnn.prelu %arg0, %arg1 : (tensor<1x8xf32>, tensor<8xf32>) -> tensor<1x8xf32>
  // CHECK-NEXT: qnn.clip %arg0 {min = 0.000000e+00 : f64, max = 0x7ff0000000000000 : f64}
  %8 = qnn.clip %arg0 {min = 0.0 : f64, max = 0x7FF0000000000000 : f64} : (tensor<1x8xf32>) -> tensor<1x8xf32>
  // CHECK-NEXT: qnn.unary %arg0 {fn = #qnn<function tanh>}
  %9 = qnn.unary %arg0 {fn = #qnn<function tanh>} : (tensor<1x8xf32>) -> tensor<1x8xf32>
  // CHECK-NEXT: qnn.unary %arg0 {fn = #qnn<function hard_sigmoid>, params = array<f64: {{.*}}>}
  %10 = qnn.unary %arg0 {fn = #qnn<function hard_sigmoid>, params = array<f64: 0.25, 0.5>} : (tensor<1x8xf32>) -> tensor<1x8xf32>
  func.return
}

// CHECK-LABEL: @movement
func.func @movement(%arg0: tensor<1x8x4x4xf32>, %arg1: tensor<1x8xui4>, %arg2: tensor<2xui3>) {
  // CHECK-NEXT: qnn.reshape %arg0 : (tensor<1x8x4x4xf32>) -> tensor<1x128xf32>
  %0 = qnn.reshape %arg0 : (tensor<1x8x4x4xf32>) -> tensor<1x128xf32>
  // CHECK-NEXT: qnn.transpose %arg0 {perm = array<i64: 0, 2, 3, 1>} : (tensor<1x8x4x4xf32>) -> tensor<1x4x4x8xf32>
  %1 = qnn.transpose %arg0 {perm = array<i64: 0, 2, 3, 1>} : (tensor<1x8x4x4xf32>) -> tensor<1x4x4x8xf32>
  // CHECK-NEXT: qnn.concat %arg1, %arg1 {axis = 1 : i64} : (tensor<1x8xui4>, tensor<1x8xui4>) -> tensor<1x16xui4>
  %2 = qnn.concat %arg1, %arg1 {axis = 1 : i64} : (tensor<1x8xui4>, tensor<1x8xui4>) -> tensor<1x16xui4>
  // CHECK-NEXT: qnn.slice %arg1 {starts = array<i64: -1>, ends = array<i64: -9>, steps = array<i64: -2>, axes = array<i64: 1>} : (tensor<1x8xui4>) -> tensor<1x4xui4>
  %3 = qnn.slice %arg1 {starts = array<i64: -1>, ends = array<i64: -9>, steps = array<i64: -2>, axes = array<i64: 1>} : (tensor<1x8xui4>) -> tensor<1x4xui4>
  // CHECK-NEXT: qnn.pad %arg1 {pads = array<i64: 0, 1, 0, 2>, value = 3.000000e+00 : f64} : (tensor<1x8xui4>) -> tensor<1x11xui4>
  %4 = qnn.pad %arg1 {pads = array<i64: 0, 1, 0, 2>, value = 3.0 : f64} : (tensor<1x8xui4>) -> tensor<1x11xui4>
  // CHECK-NEXT: qnn.depth_to_space %arg0 {block = 2 : i64, mode = #qnn<depth_to_space_mode crd>} : (tensor<1x8x4x4xf32>) -> tensor<1x2x8x8xf32>
  %5 = qnn.depth_to_space %arg0 {block = 2 : i64, mode = #qnn<depth_to_space_mode crd>} : (tensor<1x8x4x4xf32>) -> tensor<1x2x8x8xf32>
  // CHECK-NEXT: qnn.resize %arg0 {scales = array<i64: 1, 1, 2, 3>} : (tensor<1x8x4x4xf32>) -> tensor<1x8x8x12xf32>
  %6 = qnn.resize %arg0 {scales = array<i64: 1, 1, 2, 3>} : (tensor<1x8x4x4xf32>) -> tensor<1x8x8x12xf32>
  // CHECK-NEXT: qnn.gather %arg0, %arg2 {axis = 1 : i64} : (tensor<1x8x4x4xf32>, tensor<2xui3>) -> tensor<1x2x4x4xf32>
  %7 = qnn.gather %arg0, %arg2 {axis = 1 : i64} : (tensor<1x8x4x4xf32>, tensor<2xui3>) -> tensor<1x2x4x4xf32>
  func.return
}

// CHECK-LABEL: @host
func.func @host(%arg0: tensor<1x10xf32>) {
  // CHECK-NEXT: qnn.softmax %arg0 {axis = -1 : i64}
  %0 = qnn.softmax %arg0 {axis = -1 : i64} : (tensor<1x10xf32>) -> tensor<1x10xf32>
  // CHECK-NEXT: %1, %2 = qnn.top_k %arg0 {k = 3 : i64, axis = 1 : i64, largest = true} : (tensor<1x10xf32>) -> (tensor<1x3xf32>, tensor<1x3xsi64>)
  %1, %2 = qnn.top_k %arg0 {k = 3 : i64, axis = 1 : i64, largest = true} : (tensor<1x10xf32>) -> (tensor<1x3xf32>, tensor<1x3xsi64>)
  // CHECK-NEXT: qnn.arg_max %arg0 {axis = 1 : i64, keepdims = false, last_index = true} : (tensor<1x10xf32>) -> tensor<1xui4>
  %3 = qnn.arg_max %arg0 {axis = 1 : i64, keepdims = false, last_index = true} : (tensor<1x10xf32>) -> tensor<1xui4>
  func.return
}

// CHECK-LABEL: @integers
func.func @integers(%arg0: tensor<1x2xf32>) {
  // CHECK-NEXT: qnn.to_integer %arg0 {scale = dense<[5.000000e-01, 2.000000e+00]> : tensor<2xf64>, bias = dense<0.000000e+00> : tensor<2xf64>, groups = dense<[0, 1]> : tensor<2xi8>} : (tensor<1x2xf32>) -> tensor<1x2xui8>
  %0 = qnn.to_integer %arg0 {scale = dense<[0.5, 2.0]> : tensor<2xf64>, bias = dense<0.0> : tensor<2xf64>, groups = dense<[0, 1]> : tensor<2xi8>} : (tensor<1x2xf32>) -> tensor<1x2xui8>
  // CHECK-NEXT: qnn.map %0 {map = #qnn.steps<base = dense<[0, 3]> : tensor<2xi8>, positions = dense<{{\[\[}}1, 5], [2, 7]]> : tensor<2x2xi8>, deltas = dense<{{\[\[}}1, -1], [2, 0]]> : tensor<2x2xi8>>, groups = dense<[0, 1]> : tensor<2xi8>} : (tensor<1x2xui8>) -> tensor<1x2xui3>
  %1 = qnn.map %0 {map = #qnn.steps<base = dense<[0, 3]> : tensor<2xi8>, positions = dense<[[1, 5], [2, 7]]> : tensor<2x2xi8>, deltas = dense<[[1, -1], [2, 0]]> : tensor<2x2xi8>>, groups = dense<[0, 1]> : tensor<2xi8>} : (tensor<1x2xui8>) -> tensor<1x2xui3>
  // CHECK-NEXT: #qnn.thresholds<dense<{{\[\[}}-3, 0, 5]]> : tensor<1x3xi8>, base = -1>
  %2 = qnn.map %1 {map = #qnn.thresholds<dense<[[-3, 0, 5]]> : tensor<1x3xi8>, base = -1>, groups = dense<0> : tensor<i8>} : (tensor<1x2xui3>) -> tensor<1x2xsi3>
  // CHECK-NEXT: #qnn.requant<m = dense<3> : tensor<1xi8>, c = dense<-7> : tensor<1xi8>, shift = 4, rounding = half_even, lo = -8, hi = 7>
  %3 = qnn.map %2 {map = #qnn.requant<m = dense<3> : tensor<1xi8>, c = dense<-7> : tensor<1xi8>, shift = 4, rounding = half_even, lo = -8, hi = 7>, groups = dense<0> : tensor<i8>} : (tensor<1x2xsi3>) -> tensor<1x2xsi4>
  // CHECK-NEXT: #qnn.table<dense<{{\[\[}}5, 6, 7, 8]]> : tensor<1x4xi8>, lo = -2>
  %4 = qnn.map %3 {map = #qnn.table<dense<[[5, 6, 7, 8]]> : tensor<1x4xi8>, lo = -2>, groups = dense<0> : tensor<i8>} : (tensor<1x2xsi4>) -> tensor<1x2xui4>
  // CHECK-NEXT: qnn.scaled_add %4, %1 {ma = 3 : i64, mb = -2 : i64} : (tensor<1x2xui4>, tensor<1x2xui3>) -> tensor<1x2xsi7>
  %5 = qnn.scaled_add %4, %1 {ma = 3 : i64, mb = -2 : i64} : (tensor<1x2xui4>, tensor<1x2xui3>) -> tensor<1x2xsi7>
  // CHECK-NEXT: qnn.to_real %5 {scale = dense<1.000000e-01> : tensor<1xf64>, bias = dense<-1.000000e+00> : tensor<1xf64>, groups = dense<0> : tensor<i8>} : (tensor<1x2xsi7>) -> tensor<1x2xf32>
  %6 = qnn.to_real %5 {scale = dense<0.1> : tensor<1xf64>, bias = dense<-1.0> : tensor<1xf64>, groups = dense<0> : tensor<i8>} : (tensor<1x2xsi7>) -> tensor<1x2xf32> loc("conv1/Conv")
  func.return
}
