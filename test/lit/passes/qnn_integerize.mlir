// RUN: qnn-opt %s --split-input-file -p qnn-integerize --print-debuginfo | filecheck %s
// RUN: qnn-opt %s --split-input-file -p 'qnn-integerize{input="uint8,scale=1/255,bias=-0.5"}' | filecheck %s --check-prefix=INPUT

// The first quantiser stays on the host, everything up to the next one becomes one map, the last affine leaves.

// CHECK:      func.func @main(%x: tensor<1x2xf32> loc(unknown)) -> tensor<1x2xf32> {
// CHECK:        %[[Q:.*]] = qnn.quant %{{.*}} loc("q0")
// CHECK-NEXT:   %[[I:.*]] = qnn.to_integer %[[Q]] {scale = dense<5.000000e-01> : tensor<1xf64>, bias = dense<0.000000e+00> : tensor<1xf64>
// CHECK-SAME:     -> tensor<1x2xui2> loc("q0")
// CHECK-NEXT:   %[[W:.*]] = qnn.constant dense<{{\[\[}}1, -1], [-1, 0]]> : tensor<2x2xi8> as tensor<2x2xsi2>
// CHECK-NEXT:   %[[A:.*]] = qnn.matmul %[[I]], %[[W]] : (tensor<1x2xui2>, tensor<2x2xsi2>) -> tensor<1x2xsi3> loc("fc")
// CHECK-NEXT:   %[[M:.*]] = qnn.map %[[A]] {map = #qnn.steps<base = dense<0> : tensor<2xi8>, positions = dense<{{\[\[}}1, 3], [-1, -1]]> : tensor<2x2xi8>, deltas = dense<{{\[\[}}1, 1], [1, 0]]> : tensor<2x2xi8>>
// CHECK-SAME:     loc("q1")
// CHECK-NEXT:   qnn.to_real %[[M]] {scale = dense<1.000000e+00>
// CHECK-NEXT:   func.return

// INPUT:      qnn.to_integer %x {scale = dense<{{0.003921[0-9]*}}> : tensor<1xf64>, bias = dense<-5.000000e-01> : tensor<1xf64>
// INPUT-SAME:   -> tensor<1x2xui8>
// INPUT-NEXT: %q = qnn.map
// INPUT-SAME:   -> tensor<1x2xui1>
// INPUT-NEXT: qnn.constant
// INPUT-NEXT: qnn.matmul
func.func @main(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %half = qnn.constant dense<0.5> : tensor<f32> as tensor<f32>
  %one = qnn.constant dense<1.0> : tensor<f32> as tensor<f32>
  %zero = qnn.constant dense<0.0> : tensor<f32> as tensor<f32>
  %q = qnn.quant %x, %half, %zero {bits = 2.0 : f64, signed = false, narrow = false, rounding = #qnn<rounding half_even>} : (tensor<1x2xf32>, tensor<f32>, tensor<f32>) -> tensor<1x2xf32> loc("q0")
  %w = qnn.constant dense<[[1.0, -1.0], [-1.0, 0.0]]> : tensor<2x2xf32> as tensor<2x2xf32>
  %a = qnn.matmul %q, %w : (tensor<1x2xf32>, tensor<2x2xf32>) -> tensor<1x2xf32> loc("fc")
  %bias = qnn.constant dense<[[0.0, 1.125]]> : tensor<1x2xf32> as tensor<1x2xf32>
  %b = qnn.add %a, %bias : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x2xf32>
  %r = qnn.relu %b : (tensor<1x2xf32>) -> tensor<1x2xf32>
  %y = qnn.quant %r, %one, %zero {bits = 2.0 : f64, signed = false, narrow = false, rounding = #qnn<rounding half_up>} : (tensor<1x2xf32>, tensor<f32>, tensor<f32>) -> tensor<1x2xf32> loc("q1")
  func.return %y : tensor<1x2xf32>
}

// -----

// A padded bipolar convolution: {0, 1} has no integer for zero, so it is rescaled to {-1, 1}.

// CHECK:      qnn.to_integer {{.*}} -> tensor<1x1x2x2xui1>
// CHECK-NEXT: %[[S:.*]] = qnn.map {{.*}}#qnn.requant<m = dense<2> : tensor<1xi8>, c = dense<-1> : tensor<1xi8>, shift = 0
// CHECK-SAME:   -> tensor<1x1x2x2xsi2>
// CHECK-NEXT: qnn.constant
// CHECK-NEXT: qnn.conv %[[S]], {{.*}}pads = array<i64: 1, 1, 1, 1>

// INPUT: qnn.to_integer
func.func @main(%x: tensor<1x1x2x2xf32>) -> tensor<1x1x2x2xf32> {
  %half = qnn.constant dense<0.5> : tensor<f32> as tensor<f32>
  %q = qnn.bipolar_quant %x, %half : (tensor<1x1x2x2xf32>, tensor<f32>) -> tensor<1x1x2x2xf32>
  %w = qnn.constant dense<[[[[1.0, -1.0, 1.0], [-1.0, 1.0, 1.0], [1.0, 1.0, -1.0]]]]> : tensor<1x1x3x3xf32> as tensor<1x1x3x3xf32>
  %y = qnn.conv %q, %w {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>} : (tensor<1x1x2x2xf32>, tensor<1x1x3x3xf32>) -> tensor<1x1x2x2xf32>
  func.return %y : tensor<1x1x2x2xf32>
}
