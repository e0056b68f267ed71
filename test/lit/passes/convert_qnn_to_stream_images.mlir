// RUN: qnn-opt %s -p convert-qnn-to-stream --split-input-file | filecheck %s

// Windows before units; the second convolution permutes its columns by the channel shuffle between the two.

// CHECK:      stream.graph @accelerator (%x: !stream.chan<ui2 x 1, 32>)
// CHECK-SAME: inputs([#stream.layout<shape = [2, 16], perm = [1, 0], channels = 2>])
// CHECK-NEXT: %{{.*}} = stream.window "conv_window" %x {shape = array<i64: 4, 4, 2>, kernel = array<i64: 3, 3>
// CHECK-SAME: pads = array<i64: 1, 1, 1, 1>
// CHECK-NEXT: %a = stream.depthwise "conv"
// CHECK-NEXT: %b = stream.mvtu "conv_1" %a weights(dense<{{\[\[}}3, 4]]> : tensor<1x2xi8> as ui3)
// CHECK-NEXT: stream.output %b
func.func @accelerator(%x: tensor<1x2x4x4xui2>) -> tensor<1x1x4x4xui8> {
  %w = qnn.constant dense<1> : tensor<2x1x3x3xi8> as tensor<2x1x3x3xui1>
  %a = qnn.conv %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, group = 2 : i64} : (tensor<1x2x4x4xui2>, tensor<2x1x3x3xui1>) -> tensor<1x2x4x4xui5>
  %i = qnn.constant dense<[1, 0]> : tensor<2xi8> as tensor<2xui1>
  %s = qnn.gather %a, %i {axis = 1 : i64} : (tensor<1x2x4x4xui5>, tensor<2xui1>) -> tensor<1x2x4x4xui5>
  %v = qnn.constant dense<[[[[4]], [[3]]]]> : tensor<1x2x1x1xi8> as tensor<1x2x1x1xui3>
  %b = qnn.conv %s, %v {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>} : (tensor<1x2x4x4xui5>, tensor<1x2x1x1xui3>) -> tensor<1x1x4x4xui8>
  func.return %b : tensor<1x1x4x4xui8>
}

// -----

// A U shape: the smaller image is enlarged and joined channel by channel with what was forked.

// CHECK:      %{{.*}}, %{{.*}} = stream.fork "input_fork" %x
// CHECK-NEXT: %{{.*}} = stream.window "max_pool_window"
// CHECK-NEXT: %p = stream.pool "max_pool"
// CHECK-NEXT: %u = stream.upsample "resize_upsample" %p {shape = array<i64: 2, 2, 2>, factors = array<i64: 2, 2>
// CHECK-NEXT: %c = stream.concat "concat_0" %{{.*}}, %u {lengths = array<i64: 2, 2>, vectors = 16 : i64
func.func @accelerator(%x: tensor<1x2x4x4xui2>) -> tensor<1x4x4x4xui2> {
  %p = qnn.max_pool %x {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>} : (tensor<1x2x4x4xui2>) -> tensor<1x2x2x2xui2>
  %u = qnn.resize %p {scales = array<i64: 1, 1, 2, 2>} : (tensor<1x2x2x2xui2>) -> tensor<1x2x4x4xui2>
  %c = qnn.concat %x, %u {axis = 1 : i64} : (tensor<1x2x4x4xui2>, tensor<1x2x4x4xui2>) -> tensor<1x4x4x4xui2>
  func.return %c : tensor<1x4x4x4xui2>
}

// -----

// A transposed convolution: all phases of a window at once, then the rows of an image, then its padding off.

// CHECK:      %{{.*}} = stream.window "conv_transpose_window" %x {shape = array<i64: 2, 2, 1>, kernel = array<i64: 2, 2>, strides = array<i64: 1, 1>
// CHECK-NEXT: %{{.*}} = stream.mvtu "conv_transpose" %{{.*}} weights({{.*}} : tensor<4x4xi8>
// CHECK-NEXT: %{{.*}} = stream.reorder "conv_transpose_reorder" %{{.*}} perm = array<i64: 1, 0, 2>
// CHECK-NEXT: %y = stream.crop "conv_transpose_crop"
func.func @accelerator(%x: tensor<1x1x2x2xui2>) -> tensor<1x1x4x4xui4> {
  %w = qnn.constant dense<[[[[1, 0, 1], [0, 1, 0], [1, 0, 1]]]]> : tensor<1x1x3x3xi8> as tensor<1x1x3x3xui1>
  %y = qnn.conv_transpose %x, %w {strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 0, 0>, dilations = array<i64: 1, 1>, output_padding = array<i64: 0, 0>} : (tensor<1x1x2x2xui2>, tensor<1x1x3x3xui1>) -> tensor<1x1x4x4xui4>
  func.return %y : tensor<1x1x4x4xui4>
}

// -----

// What drops pixels is a crop, what adds some is a window of one pixel, what turns an image is a buffer.

// CHECK:      %s = stream.crop "slice_crop" %x {shape = array<i64: 4, 8>, starts = array<i64: 0, 0>, sizes = array<i64: 2, 8>, steps = array<i64: 2, 1>
// CHECK-NEXT: %p = stream.window "pad_pad" %s {shape = array<i64: 2, 4, 2>, kernel = array<i64: 1, 1>{{.*}} pads = array<i64: 0, 1, 1, 0>, pad_value = 3 : i64
// CHECK-NEXT: %{{.*}}, %{{.*}} = stream.fork
// CHECK-NEXT: %{{.*}} = stream.reorder "{{.*}}" %{{.*}} {shape = array<i64: 3, 5, 2>, perm = array<i64: 1, 0, 2>
func.func @accelerator(%x: tensor<1x2x4x4xui2>) -> (tensor<1x2x3x5xui2>, tensor<1x1x5x3xui5>) {
  %s = qnn.slice %x {starts = array<i64: 0>, ends = array<i64: 4>, steps = array<i64: 2>, axes = array<i64: 2>} : (tensor<1x2x4x4xui2>) -> tensor<1x2x2x4xui2>
  %p = qnn.pad %s {pads = array<i64: 0, 0, 0, 1, 0, 0, 1, 0>, value = 3.0 : f64} : (tensor<1x2x2x4xui2>) -> tensor<1x2x3x5xui2>
  %t = qnn.transpose %p {perm = array<i64: 0, 1, 3, 2>} : (tensor<1x2x3x5xui2>) -> tensor<1x2x5x3xui2>
  %w = qnn.constant dense<1> : tensor<1x2x1x1xi8> as tensor<1x2x1x1xui1>
  %y = qnn.conv %t, %w {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>} : (tensor<1x2x5x3xui2>, tensor<1x2x1x1xui1>) -> tensor<1x1x5x3xui5>
  func.return %p, %y : tensor<1x2x3x5xui2>, tensor<1x1x5x3xui5>
}

// -----

// A constant beside a stream is a border of its vectors, filled by a map: a row per value.

// CHECK:      %{{.*}} = stream.window "concat_0_pad" %x {shape = array<i64: 4, 1, 2>, kernel = array<i64: 1, 1>{{.*}} pads = array<i64: 0, 0, 0, 1>
// CHECK-NEXT: %y = stream.map "concat_0_fill" %{{.*}} map(#qnn.requant<m = dense<1> : tensor<4xi8>, c = dense<[0, 1, 2, 3]> : tensor<4xi8>{{.*}} groups dense<[0, 0, 0, 1, 0, 0, 2, 3]
func.func @accelerator(%x: tensor<1x2x2x2xui2>) -> tensor<1x4x2x2xui2> {
  %w = qnn.constant dense<[[[[0, 2], [0, 2]], [[1, 3], [1, 3]]]]> : tensor<1x2x2x2xi8> as tensor<1x2x2x2xui2>
  %y = qnn.concat %x, %w {axis = 1 : i64} : (tensor<1x2x2x2xui2>, tensor<1x2x2x2xui2>) -> tensor<1x4x2x2xui2>
  func.return %y : tensor<1x4x2x2xui2>
}

// -----

// Groups of channels are computed apart: weights and arithmetic of what is there, no zeros between them.

// CHECK:      %{{.*}}, %{{.*}} = stream.fork
// CHECK-NEXT: %[[A:.*]] = stream.crop "conv_group" %{{.*}} {shape = array<i64: 4, 4>, starts = array<i64: 0, 0>, sizes = array<i64: 4, 2>
// CHECK-NEXT: %[[B:.*]] = stream.crop "conv_group_1" %{{.*}} {shape = array<i64: 4, 4>, starts = array<i64: 0, 2>, sizes = array<i64: 4, 2>
// CHECK-NEXT: %[[C:.*]] = stream.mvtu "conv" %[[A]] weights(dense<{{\[\[}}1, 2]]> : tensor<1x2xi8> as ui2)
// CHECK-NEXT: %[[D:.*]] = stream.mvtu "conv_1" %[[B]] weights(dense<{{\[\[}}3, 0]]> : tensor<1x2xi8> as ui2)
// CHECK-NEXT: %y = stream.concat "conv_concat" %[[C]], %[[D]] {lengths = array<i64: 1, 1>, vectors = 4 : i64}
func.func @accelerator(%x: tensor<1x4x2x2xui2>) -> tensor<1x2x2x2xui4> {
  %w = qnn.constant dense<[[[[1]], [[2]]], [[[3]], [[0]]]]> : tensor<2x2x1x1xi8> as tensor<2x2x1x1xui2>
  %y = qnn.conv %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 2 : i64} : (tensor<1x4x2x2xui2>, tensor<2x2x1x1xui2>) -> tensor<1x2x2x2xui4>
  func.return %y : tensor<1x2x2x2xui4>
}

// -----

// A window that is the whole image is the image.

// CHECK:      %y = stream.pool "sum_pool" %x {kind = #stream<pool_kind sum>, positions = 1 : i64, taps = 4 : i64, channels = 2 : i64
// CHECK-NEXT: stream.output %y
func.func @accelerator(%x: tensor<1x2x2x2xui2>) -> tensor<1x2x1x1xui4> {
  %y = qnn.sum_pool %x {kernel = array<i64: 2, 2>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x2x2x2xui2>) -> tensor<1x2x1x1xui4>
  func.return %y : tensor<1x2x1x1xui4>
}
