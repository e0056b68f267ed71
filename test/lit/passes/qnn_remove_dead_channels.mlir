// RUN: qnn-opt %s -p qnn-remove-dead-channels | filecheck %s

// The second channel is 1 whatever the input: its weights go, and 1 * [3, -2] moves into the bias behind.

// CHECK:      %[[W:.*]] = qnn.constant dense<{{\[\[}}1], [-1]]> : tensor<2x1xi8>
// CHECK-NEXT: %[[A:.*]] = qnn.matmul %{{.*}}, %[[W]] : (tensor<1x2xui2>, tensor<2x1xsi2>) -> tensor<1x1xsi3>
// CHECK-NEXT: %[[M:.*]] = qnn.map %[[A]] {{.*}}groups = dense<0> : tensor<1x1xi8>{{.*}} -> tensor<1x1xui1>
// CHECK-NEXT: %[[V:.*]] = qnn.constant dense<{{\[\[}}1, 2]]> : tensor<1x2xi8>
// CHECK-NEXT: %[[B:.*]] = qnn.matmul %[[M]], %[[V]]
// CHECK-NEXT: qnn.to_real %[[B]] {scale = dense<5.000000e-01> : tensor<2xf64>, bias = dense<[1.500000e+00, -1.000000e+00]> : tensor<2xf64>, groups = dense<{{\[\[}}0, 1]]>
func.func @main(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %q = qnn.to_integer %x {scale = dense<1.0> : tensor<1xf64>, bias = dense<0.0> : tensor<1xf64>, groups = dense<0> : tensor<i8>} : (tensor<1x2xf32>) -> tensor<1x2xui2>
  %w = qnn.constant dense<[[1, 0], [-1, 1]]> : tensor<2x2xi8> as tensor<2x2xsi2>
  %a = qnn.matmul %q, %w : (tensor<1x2xui2>, tensor<2x2xsi2>) -> tensor<1x2xsi3>
  %m = qnn.map %a {map = #qnn.steps<base = dense<0> : tensor<2xi8>, positions = dense<[[1], [0]]> : tensor<2x1xi8>, deltas = dense<1> : tensor<2x1xi8>>, groups = dense<[[0, 1]]> : tensor<1x2xi8>} : (tensor<1x2xsi3>) -> tensor<1x2xui1>
  %v = qnn.constant dense<[[1, 2], [3, -2]]> : tensor<2x2xi8> as tensor<2x2xsi3>
  %b = qnn.matmul %m, %v : (tensor<1x2xui1>, tensor<2x2xsi3>) -> tensor<1x2xsi4>
  %y = qnn.to_real %b {scale = dense<0.5> : tensor<1xf64>, bias = dense<0.0> : tensor<1xf64>, groups = dense<0> : tensor<i8>} : (tensor<1x2xsi4>) -> tensor<1x2xf32>
  func.return %y : tensor<1x2xf32>
}
