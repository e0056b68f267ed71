// RUN: qnn-opt %s -p 'convert-stream-to-hlsc{top=net interface=memory}' --split-input-file | filecheck %s

// A folded unit keeps the vector in a buffer and the sum in a register; rows 0 and 1 are the beats of the output.
stream.graph @accelerator (%x : !stream.chan<ui2 x 2, 2>) -> (!stream.chan<ui2 x 1, 2>)
    inputs([#stream.layout<shape = [1, 4], perm = [0, 1], channels = 4>])
    outputs([#stream.layout<shape = [1, 2], perm = [0, 1], channels = 2>]) {
  %y = stream.mvtu "fc0" %x weights(dense<[[1, -1, 1, 1], [0, 1, 0, -1]]> : tensor<2x4xi8> as si2) accumulator(si5)
    map(#qnn.thresholds<dense<[[1, 3], [0, 2]]> : tensor<2x2xi8>, base = 0> groups dense<[0, 1]> : tensor<2xi8>)
    {pe = 1 : i64, simd = 2 : i64} : !stream.chan<ui2 x 2, 2> -> !stream.chan<ui2 x 1, 2>
  stream.output %y : !stream.chan<ui2 x 1, 2>
}

// CHECK-LABEL: hlsc.process @unpack_input(%in: !hlsc.in<ui8>, %out: !hlsc.out<vector<2xui2>>)
// CHECK-NEXT:    hlsc.side @body (%frame, %i < 2) {
// CHECK-NEXT:      [[BITS:%\d+]] = hlsc.read %in : !hlsc.in<ui8> -> vector<8xui1>
// CHECK-NEXT:      [[LOW:%\d+]] = hlsc.slice [[BITS]] from 0 size 4
// CHECK-NEXT:      [[X:%\d+]] = hlsc.bitcast [[LOW]] : vector<4xui1> -> vector<2xui2>
// CHECK-NEXT:      hlsc.write %out, [[X]]

// CHECK-LABEL: hlsc.process @fc0(%in: !hlsc.in<vector<2xui2>>, %out: !hlsc.out<vector<1xui2>>)
// CHECK-NEXT:    %buffer = hlsc.ram named "buffer" !hlsc.mem<2 x vector<2xui2>>
// CHECK-NEXT:    %weights = hlsc.rom named "weights" dense<{{.*}}1, -1]], {{.*}}1, 1]], {{.*}}0, 1]], {{.*}}0, -1]]]> : tensor<4x1x2xi8>
// CHECK-NEXT:    %acc = hlsc.reg named "acc" !hlsc.mem<1 x vector<1xsi5>>
// CHECK-NEXT:    %thresholds = hlsc.rom named "thresholds" dense<{{.*}}1, 3]], {{.*}}0, 2]]]> : tensor<2x1x2xi8>
// CHECK-NEXT:    hlsc.side @body (%frame, %v < 1, %nf < 2, %sf < 2) {
// CHECK:           [[FIRST:%\d+]] = hlsc.cmp eq %nf
// CHECK-NEXT:      [[FRESH:%\d+]] = hlsc.read %in when [[FIRST]]
// CHECK:           [[KEPT:%\d+]] = hlsc.load %buffer[%sf] when
// CHECK-NEXT:      hlsc.store %buffer[%sf], [[FRESH]] when [[FIRST]]
// CHECK-NEXT:      [[X:%\d+]] = hlsc.select [[FIRST]], [[FRESH]], [[KEPT]]
// CHECK-NEXT:      [[AT:%\d+]] = hlsc.affine %nf * 2 + %sf
// CHECK-NEXT:      [[W:%\d+]] = hlsc.load %weights{{\[}}[[AT]]]
// CHECK-NEXT:      [[DOT:%\d+]] = hlsc.dot [[X]], [[W]]
// CHECK:           [[SUM:%\d+]] = hlsc.narrow
// CHECK-NEXT:      hlsc.store %acc, [[SUM]]
// CHECK:           [[LAST:%\d+]] = hlsc.cmp eq %sf
// CHECK-NEXT:      [[T:%\d+]] = hlsc.load %thresholds[%nf]
// CHECK-NEXT:      [[Y:%\d+]] = hlsc.count_ge [[SUM]], [[T]]
// CHECK-NEXT:      hlsc.write %out, [[Y]] when [[LAST]]

// CHECK-LABEL: hlsc.process @pack_output(%in: !hlsc.in<vector<1xui2>>, %out: !hlsc.out<ui8>)
// CHECK:           hlsc.constant 0 : vector<6xui1>
// CHECK-NEXT:      hlsc.concat

// CHECK-LABEL: hlsc.top @net(%0: !hlsc.chan<ui8>, %1: !hlsc.chan<ui8>)
// CHECK-SAME:    interfaces = ["memory", "memory"]
// CHECK-SAME:    input_types = [!stream.chan<ui2 x 2, 2>]
// CHECK-NEXT:    [[C:%\d+]] = hlsc.channel "input_out" depth 2 : !hlsc.chan<vector<2xui2>>
// CHECK-NEXT:    [[D:%\d+]] = hlsc.channel "fc0_out" depth 2 : !hlsc.chan<vector<1xui2>>
// CHECK-NEXT:    hlsc.call @unpack_input(%0, [[C]])
// CHECK-NEXT:    hlsc.call @fc0([[C]], [[D]])
// CHECK-NEXT:    hlsc.call @pack_output([[D]], %1)

// -----

// A whole vector per cycle: no buffer, no register; equal words of a memory are stored once.
stream.graph @accelerator (%x : !stream.chan<ui2 x 2, 1>) -> (!stream.chan<si4 x 2, 1>)
    inputs([#stream.layout<shape = [1, 2], perm = [0, 1], channels = 2>])
    outputs([#stream.layout<shape = [1, 2], perm = [0, 1], channels = 2>]) {
  %y = stream.mvtu "fc0" %x weights(dense<[[1, -1], [1, 1]]> : tensor<2x2xi8> as si2) accumulator(si4)
    {pe = 2 : i64, simd = 2 : i64} : !stream.chan<ui2 x 2, 1> -> !stream.chan<si4 x 2, 1>
  stream.output %y : !stream.chan<si4 x 2, 1>
}

// CHECK-LABEL: hlsc.process @fc0
// CHECK-NEXT:    %weights = hlsc.rom
// CHECK-NEXT:    hlsc.side @body (%frame, %v < 1, %nf < 1, %sf < 1) {
// CHECK-NEXT:      [[X:%\d+]] = hlsc.read %in :
// CHECK-NEXT:      hlsc.affine
// CHECK-NEXT:      [[W:%\d+]] = hlsc.load %weights :
// CHECK-NEXT:      [[DOT:%\d+]] = hlsc.dot [[X]], [[W]]
// CHECK:           hlsc.write %out

// -----

// Three lanes to two: what is left of a beat waits in a register.
stream.graph @accelerator (%x : !stream.chan<ui2 x 3, 2>) -> (!stream.chan<ui2 x 2, 3>)
    inputs([#stream.layout<shape = [6], perm = [0], channels = 6>])
    outputs([#stream.layout<shape = [6], perm = [0], channels = 6>]) {
  %y = stream.width "w" %x : !stream.chan<ui2 x 3, 2> -> !stream.chan<ui2 x 2, 3>
  stream.output %y : !stream.chan<ui2 x 2, 3>
}

// CHECK-LABEL: hlsc.process @w
// CHECK-NEXT:    %last = hlsc.reg named "last" !hlsc.mem<1 x vector<3xui2>>
// CHECK-NEXT:    hlsc.side @body (%frame, %g < 1, %k < 3) {
// CHECK-NEXT:      [[LEVEL:%\d+]] = hlsc.affine -%k * 2 mod 3
// CHECK:           [[EMPTY:%\d+]] = hlsc.cmp lt [[LEVEL]]
// CHECK:           hlsc.read %in when [[EMPTY]]
// CHECK:           [[AT:%\d+]] = hlsc.affine -[[LEVEL]] + 3
// CHECK:           hlsc.dynamic_slice {{%\d+\[}}[[AT]]] size 2

// -----

// Two to three: a beat leaves when it is complete.
stream.graph @accelerator (%x : !stream.chan<ui2 x 2, 3>) -> (!stream.chan<ui2 x 3, 2>)
    inputs([#stream.layout<shape = [6], perm = [0], channels = 6>])
    outputs([#stream.layout<shape = [6], perm = [0], channels = 6>]) {
  %y = stream.width "w" %x : !stream.chan<ui2 x 2, 3> -> !stream.chan<ui2 x 3, 2>
  stream.output %y : !stream.chan<ui2 x 3, 2>
}

// CHECK-LABEL: hlsc.process @w
// CHECK:           [[LEVEL:%\d+]] = hlsc.affine %k * 2 mod 3
// CHECK:           [[FULL:%\d+]] = hlsc.cmp ge [[LEVEL]]
// CHECK:           hlsc.write %out, {{%\d+}} when [[FULL]]

// -----

// The largest key decides value and tie at once.
stream.graph @accelerator (%x : !stream.chan<si4 x 2, 2>) -> (!stream.chan<ui2 x 1, 1>)
    inputs([#stream.layout<shape = [3], perm = [0], channels = 4>])
    outputs([#stream.layout<shape = [1], perm = [0], channels = 1>]) {
  %y = stream.label_select "best" %x {channels = 3 : i64, simd = 2 : i64}
    : !stream.chan<si4 x 2, 2> -> !stream.chan<ui2 x 1, 1>
  stream.output %y : !stream.chan<ui2 x 1, 1>
}

// CHECK-LABEL: hlsc.process @best
// CHECK:         %best = hlsc.reg named "best" !hlsc.mem<1 x vector<1xsi6>>
// CHECK:           [[KEY:%\d+]] = hlsc.shl {{%\d+}} by 2 : vector<2xsi4> -> vector<2xsi6>
// CHECK:           hlsc.mux
// CHECK:           hlsc.reduce_max
// CHECK-NEXT:      [[BEST:%\d+]] = hlsc.max
// CHECK-NEXT:      hlsc.store %best, [[BEST]]

// -----

// Branches that meet again get room for what the other one holds back.
stream.graph @accelerator (%x : !stream.chan<ui2 x 1, 8>) -> (!stream.chan<ui4 x 1, 8>)
    inputs([#stream.layout<shape = [8], perm = [0], channels = 8>])
    outputs([#stream.layout<shape = [8], perm = [0], channels = 8>]) {
  %a, %b = stream.fork "copy" %x : !stream.chan<ui2 x 1, 8> -> !stream.chan<ui2 x 1, 8>, !stream.chan<ui2 x 1, 8>
  %c = stream.map "act" %a map(#qnn.table<dense<[[3, 1, 2, 0]]> : tensor<1x4xi8>, lo = 0> groups dense<0> : tensor<1xi8>)
    {pe = 1 : i64} : !stream.chan<ui2 x 1, 8> -> !stream.chan<ui2 x 1, 8>
  %y = stream.join_add "sum" %c, %b {ma = 1 : i64, mb = 3 : i64, pe = 1 : i64}
    : !stream.chan<ui2 x 1, 8>, !stream.chan<ui2 x 1, 8> -> !stream.chan<ui4 x 1, 8>
  stream.output %y : !stream.chan<ui4 x 1, 8>
}

// CHECK-LABEL: hlsc.process @copy(%in: {{.*}}, %out: {{.*}}, %out_1: {{.*}})
// CHECK:           hlsc.write %out, [[X:%\d+]] :
// CHECK-NEXT:      hlsc.write %out_1, [[X]] :
// CHECK-LABEL: hlsc.process @act
// CHECK-NEXT:    %table = hlsc.rom named "table" dense<{{\[\[}}3, 1, 2, 0]]>
// CHECK:           hlsc.lookup %table, {{%\d+}} lo 0
// CHECK-LABEL: hlsc.process @sum
// CHECK:           hlsc.mul
// CHECK:           hlsc.add
// CHECK-LABEL: hlsc.top @net
// CHECK:         hlsc.channel "copy_0_out" depth 2
// CHECK-NEXT:    hlsc.channel "copy_1_out" depth 22
// CHECK-NEXT:    hlsc.channel "act_out" depth 19
