// RUN: qnn-opt %s -p "stream-fold{pe=2 simd=4}" | filecheck %s
// RUN: qnn-opt %s -p "stream-fold{target-cycles=4}" | filecheck %s --check-prefix=TARGET
// RUN: not qnn-opt %s -p "stream-fold{luts=1}" 2>&1 | filecheck %s --check-prefix=ERROR

// ERROR: stream-fold: no folding fits 1 LUT; the smallest needs about

// Six columns are padded to eight with zeros, the layout of the input says so, and a cast marks the change of width.

// CHECK:      stream.graph @accelerator (%x: !stream.chan<ui2 x 4, 2>) -> (!stream.chan<si6 x 2, 1>)
// CHECK-SAME: inputs([#stream.layout<shape = [1, 6], perm = [0, 1], channels = 8>])
// CHECK-NEXT: %a = stream.mvtu "fc0" %x weights(dense<{{\[\[}}1, 1, 1, 1, 1, 1, 0, 0], {{.*}} : tensor<4x8xi8> as ui1) accumulator(ui5)
// CHECK-SAME: {pe = 2 : i64, simd = 4 : i64} : !stream.chan<ui2 x 4, 2> -> !stream.chan<ui5 x 2, 2>
// CHECK-NEXT: %{{.*}} = builtin.unrealized_conversion_cast %a : !stream.chan<ui5 x 2, 2> to !stream.chan<ui5 x 4, 1>
// CHECK-NEXT: %b = stream.mvtu "fc1" %{{.*}} weights({{.*}} : tensor<2x4xi8> as si2) accumulator(si7) {pe = 2 : i64, simd = 4 : i64}

// TARGET:      stream.mvtu "fc0" {{.*}} -> !stream.chan<ui5 x [[LANES:\d+]], {{\d+}}>
// TARGET-NEXT: stream.mvtu "fc1" {{.*}} : !stream.chan<ui5 x [[LANES]], {{\d+}}>
stream.graph @accelerator (%x: !stream.chan<ui2 x 1, 6>) -> (!stream.chan<si6 x 1, 2>)
    inputs([#stream.layout<shape = [1, 6], perm = [0, 1], channels = 6>])
    outputs([#stream.layout<shape = [1, 2], perm = [0, 1], channels = 2>]) {
  %a = stream.mvtu "fc0" %x weights(dense<[[1, 1, 1, 1, 1, 1], [0, 1, 0, 1, 0, 1], [1, 0, 1, 0, 1, 0], [0, 0, 0, 1, 1, 1]]>
    : tensor<4x6xi8> as ui1) accumulator(ui5) : !stream.chan<ui2 x 1, 6> -> !stream.chan<ui5 x 1, 4>
  %b = stream.mvtu "fc1" %a weights(dense<[[1, 0, -1, 0], [0, 1, 0, -1]]> : tensor<2x4xi8> as si2) accumulator(si7)
    : !stream.chan<ui5 x 1, 4> -> !stream.chan<si6 x 1, 2>
  stream.output %b : !stream.chan<si6 x 1, 2>
}
