// RUN: qnn-opt %s --split-input-file -p qnn-split-host --print-debuginfo | filecheck %s

// Scaling before and the scale behind stay on the host; a constant goes wherever it is used.

// CHECK:      func.func @prologue(%x: tensor<1x4xf32> {qnn.name = "in"} loc(unknown)) -> tensor<1x4xui3> {
// CHECK-NEXT:   %c = qnn.constant dense<2.000000e+00>
// CHECK-NEXT:   %h = qnn.mul %x, %c
// CHECK-NEXT:   %q = qnn.to_integer %h
// CHECK-NEXT:   func.return %q
// CHECK:      func.func @accelerator(%q: tensor<1x4xui3> loc("scale")) -> tensor<1x2xsi6> {
// CHECK-NEXT:   %w = qnn.constant
// CHECK-NEXT:   %a = qnn.matmul %q, %w {{.*}} loc("fc")
// CHECK-NEXT:   func.return %a
// CHECK:      func.func @epilogue(%a: tensor<1x2xsi6> loc("fc")) -> (tensor<1x2xf32> {qnn.name = "out"}) {
// CHECK-NEXT:   %r = qnn.to_real %a
// CHECK-NEXT:   %c = qnn.constant dense<2.000000e+00>
// CHECK-NEXT:   %y = qnn.mul %r, %c
// CHECK-NEXT:   func.return %y
// CHECK-NOT:  @main
func.func @main(%x: tensor<1x4xf32> {qnn.name = "in"}) -> (tensor<1x2xf32> {qnn.name = "out"}) {
  %c = qnn.constant dense<2.0> : tensor<f32> as tensor<f32>
  %h = qnn.mul %x, %c : (tensor<1x4xf32>, tensor<f32>) -> tensor<1x4xf32>
  %q = qnn.to_integer %h {scale = dense<1.0> : tensor<1xf64>, bias = dense<0.0> : tensor<1xf64>, groups = dense<0> : tensor<i8>} : (tensor<1x4xf32>) -> tensor<1x4xui3> loc("scale")
  %w = qnn.constant dense<[[1, -1], [0, 1], [1, 1], [-1, 0]]> : tensor<4x2xi8> as tensor<4x2xsi2>
  %a = qnn.matmul %q, %w : (tensor<1x4xui3>, tensor<4x2xsi2>) -> tensor<1x2xsi6> loc("fc")
  %r = qnn.to_real %a {scale = dense<0.5> : tensor<1xf64>, bias = dense<0.0> : tensor<1xf64>, groups = dense<0> : tensor<i8>} : (tensor<1x2xsi6>) -> tensor<1x2xf32>
  %y = qnn.mul %r, %c : (tensor<1x2xf32>, tensor<f32>) -> tensor<1x2xf32>
  func.return %y : tensor<1x2xf32>
}

// -----

// Two inputs and two outputs; a real value that only the host needs bypasses, the positions of the largest do not.

// CHECK:      func.func @prologue(%x: tensor<1x4xf32>{{.*}}, %z: tensor<1x4xf32>{{.*}}) -> (tensor<1x4xui3>, tensor<1x4xui3>, tensor<1x4xf32>)
// CHECK:        func.return %p, %q, %s
// CHECK:      func.func @accelerator(%p: tensor<1x4xui3>{{.*}}, %q: tensor<1x4xui3>{{.*}}) -> tensor<1x1xui2>
// CHECK-NEXT:   %a = qnn.add %p, %q
// CHECK-NEXT:   %v, %i = qnn.top_k %a
// CHECK-NEXT:   func.return %i
// CHECK:      func.func @epilogue(%i: tensor<1x1xui2>{{.*}}, %s: tensor<1x4xf32>{{.*}}) -> (tensor<1x4xf32>, tensor<1x1xui2>)
// CHECK-NEXT:   func.return %s, %i
func.func @main(%x: tensor<1x4xf32>, %z: tensor<1x4xf32>) -> (tensor<1x4xf32>, tensor<1x1xui2>) {
  %q = qnn.to_integer %z {scale = dense<1.0> : tensor<1xf64>, bias = dense<0.0> : tensor<1xf64>, groups = dense<0> : tensor<i8>} : (tensor<1x4xf32>) -> tensor<1x4xui3>
  %p = qnn.to_integer %x {scale = dense<1.0> : tensor<1xf64>, bias = dense<0.0> : tensor<1xf64>, groups = dense<0> : tensor<i8>} : (tensor<1x4xf32>) -> tensor<1x4xui3>
  %s = qnn.softmax %x {axis = 1 : i64} : (tensor<1x4xf32>) -> tensor<1x4xf32>
  %a = qnn.add %p, %q : (tensor<1x4xui3>, tensor<1x4xui3>) -> tensor<1x4xui4>
  %v, %i = qnn.top_k %a {k = 1 : i64, axis = 1 : i64, largest = true} : (tensor<1x4xui4>) -> (tensor<1x1xui4>, tensor<1x1xui2>)
  func.return %s, %i : tensor<1x4xf32>, tensor<1x1xui2>
}

// -----

// Where nothing is computed, the accelerator carries the integers.

// CHECK:      func.func @accelerator(%q: tensor<1x4xui3>{{.*}}) -> tensor<1x4xui3>
// CHECK-NEXT:   %[[Q:.*]] = qnn.map %q {map = #qnn.requant<m = dense<1>
// CHECK-NEXT:   func.return %[[Q]]
// CHECK:      func.func @epilogue
// CHECK-NEXT:   qnn.to_real
func.func @main(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  %q = qnn.to_integer %x {scale = dense<1.0> : tensor<1xf64>, bias = dense<0.0> : tensor<1xf64>, groups = dense<0> : tensor<i8>} : (tensor<1x4xf32>) -> tensor<1x4xui3>
  %y = qnn.to_real %q {scale = dense<0.5> : tensor<1xf64>, bias = dense<0.0> : tensor<1xf64>, groups = dense<0> : tensor<i8>} : (tensor<1x4xui3>) -> tensor<1x4xf32>
  func.return %y : tensor<1x4xf32>
}
