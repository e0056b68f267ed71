// RUN: qnn-opt %s --split-input-file -p qnn-fuse-thresholds | filecheck %s

// Few rising steps: thresholds, unused ones at the ends of the range where they never (always) count.

// CHECK: qnn.map %{{.*}} {map = #qnn.thresholds<dense<{{\[\[}}1, 3], [0, 2]]> : tensor<2x2xi8>, base = 0>
func.func @main(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %q = qnn.to_integer %x {scale = dense<1.0> : tensor<1xf64>, bias = dense<0.0> : tensor<1xf64>, groups = dense<0> : tensor<i8>} : (tensor<1x2xf32>) -> tensor<1x2xui2>
  %m = qnn.map %q {map = #qnn.steps<base = dense<[0, 1]> : tensor<2xi8>, positions = dense<[[1, 3], [2, 2]]> : tensor<2x2xi8>, deltas = dense<[[1, 1], [1, 0]]> : tensor<2x2xi8>>, groups = dense<[[0, 1]]> : tensor<1x2xi8>} : (tensor<1x2xui2>) -> tensor<1x2xui2>
  %y = qnn.to_real %m {scale = dense<1.0> : tensor<1xf64>, bias = dense<0.0> : tensor<1xf64>, groups = dense<0> : tensor<i8>} : (tensor<1x2xui2>) -> tensor<1x2xf32>
  func.return %y : tensor<1x2xf32>
}

// -----

// A falling function of a wide input: a requantisation with a negative multiplier. An identity vanishes.

// CHECK:      %[[Q:.*]] = qnn.to_integer
// CHECK-NEXT: %[[M:.*]] = qnn.map %[[Q]] {map = #qnn.requant<m = dense<-1> : tensor<1xi8>, c = dense<255> : tensor<1xui8>, shift = 6, rounding = floor, lo = 0, hi = 3>
// CHECK-NEXT: qnn.to_real %[[M]]
func.func @main(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %q = qnn.to_integer %x {scale = dense<1.0> : tensor<1xf64>, bias = dense<0.0> : tensor<1xf64>, groups = dense<0> : tensor<i8>} : (tensor<1x2xf32>) -> tensor<1x2xui8>
  %m = qnn.map %q {map = #qnn.steps<base = dense<3> : tensor<1xi8>, positions = dense<[[64, 128, 192]]> : tensor<1x3xui8>, deltas = dense<-1> : tensor<1x3xi8>>, groups = dense<0> : tensor<i8>} : (tensor<1x2xui8>) -> tensor<1x2xui2>
  %i = qnn.map %m {map = #qnn.thresholds<dense<[[1, 2, 3]]> : tensor<1x3xi8>, base = 0>, groups = dense<0> : tensor<i8>} : (tensor<1x2xui2>) -> tensor<1x2xui2>
  %y = qnn.to_real %i {scale = dense<1.0> : tensor<1xf64>, bias = dense<0.0> : tensor<1xf64>, groups = dense<0> : tensor<i8>} : (tensor<1x2xui2>) -> tensor<1x2xf32>
  func.return %y : tensor<1x2xf32>
}

// -----

// Up and down again: a table. Two maps in a row become one where that stores no more.

// CHECK:      %[[Q:.*]] = qnn.to_integer
// CHECK-NEXT: %[[M:.*]] = qnn.map %[[Q]] {map = #qnn.table<dense<{{\[\[}}0, 1, 1, 0]]> : tensor<1x4xi8>, lo = 0>
// CHECK-NEXT: qnn.to_real %[[M]]
func.func @main(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %q = qnn.to_integer %x {scale = dense<1.0> : tensor<1xf64>, bias = dense<0.0> : tensor<1xf64>, groups = dense<0> : tensor<i8>} : (tensor<1x2xf32>) -> tensor<1x2xui2>
  %m = qnn.map %q {map = #qnn.steps<base = dense<0> : tensor<1xi8>, positions = dense<[[1, 2, 3]]> : tensor<1x3xi8>, deltas = dense<[[2, 1, -3]]> : tensor<1x3xi8>>, groups = dense<0> : tensor<i8>} : (tensor<1x2xui2>) -> tensor<1x2xui2>
  %b = qnn.map %m {map = #qnn.steps<base = dense<0> : tensor<1xi8>, positions = dense<[[1]]> : tensor<1x1xi8>, deltas = dense<[[1]]> : tensor<1x1xi8>>, groups = dense<0> : tensor<i8>} : (tensor<1x2xui2>) -> tensor<1x2xui1>
  %y = qnn.to_real %b {scale = dense<1.0> : tensor<1xf64>, bias = dense<0.0> : tensor<1xf64>, groups = dense<0> : tensor<i8>} : (tensor<1x2xui1>) -> tensor<1x2xf32>
  func.return %y : tensor<1x2xf32>
}
