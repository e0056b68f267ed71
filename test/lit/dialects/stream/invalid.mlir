// RUN: qnn-opt %s --split-input-file --verify-diagnostics --parsing-diagnostics | filecheck %s

// CHECK: a channel carries siN or uiN, not i4
"test.op"() {t = !stream.chan<i4 x 1, 1>} : () -> ()

// -----

// CHECK: expected integer >= 1, got 0
"test.op"() {t = !stream.chan<ui4 x 0, 1>} : () -> ()

// -----

// CHECK: [0, 0] is no permutation of 2 axes
"test.op"() {t = #stream.layout<shape = [1, 4], perm = [0, 0], channels = 4>} : () -> ()

// -----

// CHECK: 3 channels do not hold an innermost axis of 4
"test.op"() {t = #stream.layout<shape = [1, 4], perm = [0, 1], channels = 3>} : () -> ()

// -----

// CHECK: a channel has exactly one reader, this one has 0
stream.graph @accelerator (%x: !stream.chan<ui2 x 1, 4>) -> ()
  inputs([#stream.layout<shape = [4], perm = [0], channels = 4>]) outputs([]) {
  stream.output
}

// -----

// CHECK: the result types of a graph are the types of its stream.output
stream.graph @accelerator (%x: !stream.chan<ui2 x 1, 4>) -> (!stream.chan<ui3 x 1, 4>)
  inputs([#stream.layout<shape = [4], perm = [0], channels = 4>])
  outputs([#stream.layout<shape = [4], perm = [0], channels = 4>]) {
  stream.output %x : !stream.chan<ui2 x 1, 4>
}

// -----

// CHECK: input 0 has 4 elements per frame, its layout 5
stream.graph @accelerator (%x: !stream.chan<ui2 x 1, 4>) -> (!stream.chan<ui2 x 1, 4>)
  inputs([#stream.layout<shape = [5], perm = [0], channels = 5>])
  outputs([#stream.layout<shape = [4], perm = [0], channels = 4>]) {
  stream.output %x : !stream.chan<ui2 x 1, 4>
}

// -----

// CHECK: two actors are named 'a'
stream.graph @accelerator (%x: !stream.chan<ui2 x 1, 4>) -> (!stream.chan<ui2 x 1, 4>)
  inputs([#stream.layout<shape = [4], perm = [0], channels = 4>])
  outputs([#stream.layout<shape = [4], perm = [0], channels = 4>]) {
  %a = stream.width "a" %x : !stream.chan<ui2 x 1, 4> -> !stream.chan<ui2 x 2, 2>
  %b = stream.width "a" %a : !stream.chan<ui2 x 2, 2> -> !stream.chan<ui2 x 1, 4>
  stream.output %b : !stream.chan<ui2 x 1, 4>
}

// -----

// CHECK: pe 2 divides 3 rows and simd 1 divides 2 columns
%x = "test.op"() : () -> !stream.chan<ui2 x 1, 2>
%y = stream.mvtu "m" %x weights(dense<1> : tensor<3x2xi8> as ui1) accumulator(ui4) {pe = 2 : i64}
  : !stream.chan<ui2 x 1, 2> -> !stream.chan<ui4 x 2, 2>

// -----

// CHECK: input has 1 lanes, expected 2
%x = "test.op"() : () -> !stream.chan<ui2 x 1, 2>
%y = stream.mvtu "m" %x weights(dense<1> : tensor<3x2xi8> as ui1) accumulator(ui4) {simd = 2 : i64}
  : !stream.chan<ui2 x 1, 2> -> !stream.chan<ui4 x 1, 3>

// -----

// CHECK: result has 6 elements per frame, expected 3
%x = "test.op"() : () -> !stream.chan<ui2 x 1, 2>
%y = stream.mvtu "m" %x weights(dense<1> : tensor<3x2xi8> as ui1) accumulator(ui4)
  : !stream.chan<ui2 x 1, 2> -> !stream.chan<ui4 x 1, 6>

// -----

// CHECK: weights reach from 2 to 2, outside ui1
%x = "test.op"() : () -> !stream.chan<ui2 x 1, 2>
%y = stream.mvtu "m" %x weights(dense<2> : tensor<3x2xi8> as ui1) accumulator(ui4)
  : !stream.chan<ui2 x 1, 2> -> !stream.chan<ui4 x 1, 3>

// -----

// CHECK: groups reach from 0 to 1, the map has 1 rows
%x = "test.op"() : () -> !stream.chan<ui2 x 1, 2>
%y = stream.map "m" %x map(#qnn.table<dense<[[0, 1, 2, 3]]> : tensor<1x4xi8>, lo = 0> groups dense<[0, 1]> : tensor<2xi8>)
  : !stream.chan<ui2 x 1, 2> -> !stream.chan<ui2 x 1, 2>

// -----

// CHECK: a width converter keeps the element: ui2 became ui3
%x = "test.op"() : () -> !stream.chan<ui2 x 1, 2>
%y = stream.width "w" %x : !stream.chan<ui2 x 1, 2> -> !stream.chan<ui3 x 2, 1>

// -----

// CHECK: a fork has two results or more
%x = "test.op"() : () -> !stream.chan<ui2 x 1, 2>
%y = stream.fork "f" %x : !stream.chan<ui2 x 1, 2> -> !stream.chan<ui2 x 1, 2>

// -----

// CHECK: cannot select 3 of 2 channels
%x = "test.op"() : () -> !stream.chan<ui2 x 1, 2>
%y = stream.label_select "l" %x {k = 3 : i64, channels = 2 : i64} : !stream.chan<ui2 x 1, 2> -> !stream.chan<ui1 x 1, 3>

// -----

// CHECK: ui1 does not hold an index below 4
%x = "test.op"() : () -> !stream.chan<ui2 x 1, 4>
%y = stream.label_select "l" %x {channels = 4 : i64} : !stream.chan<ui2 x 1, 4> -> !stream.chan<ui1 x 1, 1>
