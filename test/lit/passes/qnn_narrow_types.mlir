// RUN: qnn-opt %s --split-input-file -p qnn-narrow-types | filecheck %s

// Ranges per channel from the actual weights: 3 * (1 + 2) and -3 * 2.. 3 * 1.

// CHECK: qnn.matmul {{.*}} -> tensor<1x2xsi5>
// CHECK: qnn.map {{.*}} -> tensor<1x2xui1>
func.func @main(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %q = qnn.to_integer %x {scale = dense<1.0> : tensor<1xf64>, bias = dense<0.0> : tensor<1xf64>, groups = dense<0> : tensor<i8>} : (tensor<1x2xf32>) -> tensor<1x2xui2>
  %w = qnn.constant dense<[[1, -2], [2, 1]]> : tensor<2x2xi8> as tensor<2x2xsi8>
  %a = qnn.matmul %q, %w : (tensor<1x2xui2>, tensor<2x2xsi8>) -> tensor<1x2xsi32>
  %m = qnn.map %a {map = #qnn.thresholds<dense<[[2]]> : tensor<1x1xi8>, base = 0>, groups = dense<0> : tensor<i8>} : (tensor<1x2xsi32>) -> tensor<1x2xui8>
  %y = qnn.to_real %m {scale = dense<1.0> : tensor<1xf64>, bias = dense<0.0> : tensor<1xf64>, groups = dense<0> : tensor<i8>} : (tensor<1x2xui8>) -> tensor<1x2xf32>
  func.return %y : tensor<1x2xf32>
}

// -----

// What only moves elements shares one type: the union of both sides of a concat.

// CHECK: %[[A:.*]] = qnn.map {{.*}} -> tensor<1x2xsi3>
// CHECK: %[[B:.*]] = qnn.map {{.*}} -> tensor<1x2xsi3>
// CHECK: qnn.concat %[[A]], %[[B]] {{.*}} -> tensor<1x4xsi3>
func.func @main(%x: tensor<1x2xf32>) -> tensor<1x4xf32> {
  %q = qnn.to_integer %x {scale = dense<1.0> : tensor<1xf64>, bias = dense<0.0> : tensor<1xf64>, groups = dense<0> : tensor<i8>} : (tensor<1x2xf32>) -> tensor<1x2xui2>
  %a = qnn.map %q {map = #qnn.table<dense<[[0, 1, 2, 3]]> : tensor<1x4xi8>, lo = 0>, groups = dense<0> : tensor<i8>} : (tensor<1x2xui2>) -> tensor<1x2xsi16>
  %b = qnn.map %q {map = #qnn.table<dense<[[-4, 0, 0, 0]]> : tensor<1x4xi8>, lo = 0>, groups = dense<0> : tensor<i8>} : (tensor<1x2xui2>) -> tensor<1x2xsi16>
  %c = qnn.concat %a, %b {axis = 1 : i64} : (tensor<1x2xsi16>, tensor<1x2xsi16>) -> tensor<1x4xsi16>
  %y = qnn.to_real %c {scale = dense<1.0> : tensor<1xf64>, bias = dense<0.0> : tensor<1xf64>, groups = dense<0> : tensor<i8>} : (tensor<1x4xsi16>) -> tensor<1x4xf32>
  func.return %y : tensor<1x4xf32>
}

// -----

// So does a constant beside a stream.

// CHECK: %[[C:.*]] = qnn.constant dense<[-9, 1]> : tensor<2xi8> as tensor<2xsi5>
// CHECK: qnn.concat %{{.*}}, %[[C]] {{.*}} (tensor<2xsi5>, tensor<2xsi5>) -> tensor<4xsi5>
func.func @main(%x: tensor<2xf32>) -> tensor<4xf32> {
  %q = qnn.to_integer %x {scale = dense<1.0> : tensor<1xf64>, bias = dense<0.0> : tensor<1xf64>, groups = dense<0> : tensor<i8>} : (tensor<2xf32>) -> tensor<2xui2>
  %a = qnn.map %q {map = #qnn.table<dense<[[0, 1, 2, 3]]> : tensor<1x4xi8>, lo = 0>, groups = dense<0> : tensor<i8>} : (tensor<2xui2>) -> tensor<2xsi16>
  %w = qnn.constant dense<[-9, 1]> : tensor<2xi8> as tensor<2xsi16>
  %c = qnn.concat %a, %w {axis = 0 : i64} : (tensor<2xsi16>, tensor<2xsi16>) -> tensor<4xsi16>
  %y = qnn.to_real %c {scale = dense<1.0> : tensor<1xf64>, bias = dense<0.0> : tensor<1xf64>, groups = dense<0> : tensor<i8>} : (tensor<4xsi16>) -> tensor<4xf32>
  func.return %y : tensor<4xf32>
}
