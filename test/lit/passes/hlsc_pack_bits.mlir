// RUN: qnn-opt %s -p convert-stream-to-hlsc,hlsc-pack-bits --split-input-file | filecheck %s
// RUN: qnn-opt %s -p 'convert-stream-to-hlsc,hlsc-pack-bits{max-planes=0}' --split-input-file | filecheck %s --check-prefix OFF

// OFF-NOT: popcount

// Weights of -1 and +1: equal bits are counted, the number of -1 in each row moves into the thresholds
// (1, 3 with one -1; 0, 2 with three), and sums need no sign.
stream.graph @accelerator (%x : !stream.chan<ui1 x 2, 2>) -> (!stream.chan<ui2 x 1, 2>)
    inputs([#stream.layout<shape = [1, 4], perm = [0, 1], channels = 4>])
    outputs([#stream.layout<shape = [1, 2], perm = [0, 1], channels = 2>]) {
  %y = stream.mvtu "fc0" %x weights(dense<[[1, -1, 1, 1], [-1, 1, -1, -1]]> : tensor<2x4xi8> as si2) accumulator(si4)
    map(#qnn.thresholds<dense<[[1, 3], [0, 2]]> : tensor<2x2xi8>, base = 0> groups dense<[0, 1]> : tensor<2xi8>)
    {pe = 1 : i64, simd = 2 : i64} : !stream.chan<ui1 x 2, 2> -> !stream.chan<ui2 x 1, 2>
  stream.output %y : !stream.chan<ui2 x 1, 2>
}

// CHECK-LABEL: hlsc.process @fc0
// CHECK:         %weights = hlsc.rom named "weights" dense<{{\[\[\[}}1, 0]], {{\[\[}}1, 1]], {{\[\[}}0, 1]], {{\[\[}}0, 0]]]>
// CHECK-NEXT:    %acc = hlsc.reg named "acc" !hlsc.mem<1 x vector<1xui3>>
// CHECK-NEXT:    %thresholds = hlsc.rom named "thresholds" dense<{{\[\[\[}}2, 4]], {{\[\[}}3, 5]]]>
// CHECK:         [[W:%\d+]] = hlsc.load %weights{{.*}} -> vector<1xui2>
// CHECK-NEXT:    [[X:%\d+]] = hlsc.bitcast {{.*}} : vector<2xui1> -> ui2
// CHECK-NEXT:    hlsc.xnor_popcount [[X]], [[W]] : ui2, vector<1xui2> -> vector<1xui2>
// CHECK-NOT:     hlsc.dot

// -----

// Two bits times two bits: four counts; the sign bit of the weights counts negatively. The buffer keeps planes.
stream.graph @accelerator (%x : !stream.chan<ui2 x 2, 1>) -> (!stream.chan<si5 x 1, 2>)
    inputs([#stream.layout<shape = [1, 2], perm = [0, 1], channels = 2>])
    outputs([#stream.layout<shape = [1, 2], perm = [0, 1], channels = 2>]) {
  %y = stream.mvtu "fc0" %x weights(dense<[[1, -1], [0, -2]]> : tensor<2x2xi8> as si2) accumulator(si5)
    {pe = 1 : i64, simd = 2 : i64} : !stream.chan<ui2 x 2, 1> -> !stream.chan<si5 x 1, 2>
  stream.output %y : !stream.chan<si5 x 1, 2>
}

// CHECK-LABEL: hlsc.process @fc0
// CHECK:         %buffer = hlsc.ram named "buffer" !hlsc.mem<1 x vector<2xui2>>
// CHECK:         %weights = hlsc.rom {{.*}} : tensor<2x2x2xi8>
// CHECK:         hlsc.plane {{%\d+}} bit 0
// CHECK:         hlsc.plane {{%\d+}} bit 1
// CHECK:         [[PLANES:%\d+]] = hlsc.concat
// CHECK:         hlsc.store %buffer, [[PLANES]]
// CHECK:         hlsc.and_popcount
// CHECK-NEXT:    hlsc.and_popcount
// CHECK-NEXT:    hlsc.and_popcount
// CHECK-NEXT:    hlsc.and_popcount
// CHECK:         hlsc.shl {{%\d+}} by 1
// CHECK:         hlsc.sub
// CHECK:         hlsc.shl {{%\d+}} by 2
// CHECK-NEXT:    hlsc.sub
// CHECK-NOT:     hlsc.dot

// -----

// Without a parameter that could take it, the missing constant is what the accumulator starts from.
stream.graph @accelerator (%x : !stream.chan<ui1 x 1, 2>) -> (!stream.chan<si3 x 1, 2>)
    inputs([#stream.layout<shape = [1, 2], perm = [0, 1], channels = 2>])
    outputs([#stream.layout<shape = [1, 2], perm = [0, 1], channels = 2>]) {
  %y = stream.mvtu "fc0" %x weights(dense<[[1, 1], [-1, -1]]> : tensor<2x2xi8> as si2) accumulator(si3)
    {pe = 1 : i64, simd = 1 : i64} : !stream.chan<ui1 x 1, 2> -> !stream.chan<si3 x 1, 2>
  stream.output %y : !stream.chan<si3 x 1, 2>
}

// CHECK-LABEL: hlsc.process @fc0
// CHECK:         %start = hlsc.rom named "start" dense<{{\[\[}}0], [-2]]>
// CHECK:         [[START:%\d+]] = hlsc.load %start[%nf]
// CHECK:         hlsc.select {{%\d+}}, [[START]], {{%\d+}}

// -----

// Too many planes: left to multipliers.
stream.graph @accelerator (%x : !stream.chan<ui4 x 1, 2>) -> (!stream.chan<si8 x 1, 2>)
    inputs([#stream.layout<shape = [1, 2], perm = [0, 1], channels = 2>])
    outputs([#stream.layout<shape = [1, 2], perm = [0, 1], channels = 2>]) {
  %y = stream.mvtu "fc0" %x weights(dense<[[3, 1], [-4, -1]]> : tensor<2x2xi8> as si3) accumulator(si8)
    {pe = 1 : i64, simd = 1 : i64} : !stream.chan<ui4 x 1, 2> -> !stream.chan<si8 x 1, 2>
  stream.output %y : !stream.chan<si8 x 1, 2>
}

// CHECK-LABEL: hlsc.process @fc0
// CHECK:         hlsc.dot
