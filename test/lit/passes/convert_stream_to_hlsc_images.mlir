// RUN: qnn-opt %s -p convert-stream-to-hlsc --split-input-file | filecheck %s

// A window is a ring between a side that fills it and one that empties it: 2 rows and some pixels of 2 beats.
stream.graph @accelerator (%x : !stream.chan<ui2 x 1, 128>) -> (!stream.chan<ui2 x 1, 1152>)
    inputs([#stream.layout<shape = [128], perm = [0], channels = 128>])
    outputs([#stream.layout<shape = [1152], perm = [0], channels = 1152>]) {
  %y = stream.window "window" %x {shape = array<i64: 8, 8, 2>, kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>,
    dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, pad_value = 1 : i64}
    : !stream.chan<ui2 x 1, 128> -> !stream.chan<ui2 x 1, 1152>
  stream.output %y : !stream.chan<ui2 x 1, 1152>
}

// CHECK-LABEL: hlsc.process @window(%in: !hlsc.in<vector<1xui2>>, %out: !hlsc.out<vector<1xui2>>)
// CHECK-NEXT:    %lines = hlsc.ram named "lines" !hlsc.mem<[[DEPTH:\d+]] x vector<1xui2>>
// CHECK-NEXT:    hlsc.side @fill (%frame, %i < 128) {
// CHECK-NEXT:      [[AT:%\d+]] = hlsc.affine %i + %frame * 128
// CHECK-NEXT:      hlsc.position [[AT]]
// CHECK-NEXT:      [[FREE:%\d+]] = hlsc.affine %i + %frame * 128 - [[DEPTH]]
// CHECK-NEXT:      hlsc.await @emit > [[FREE]]
// CHECK-NEXT:      [[X:%\d+]] = hlsc.read %in
// CHECK-NEXT:      [[PLACE:%\d+]] = hlsc.affine %i + %frame * 128 mod [[DEPTH]]
// CHECK-NEXT:      hlsc.store %lines[[[PLACE]]], [[X]]
// CHECK:         hlsc.side @emit (%{{.*}}, %oy < 8, %ox < 8, %ky < 3, %kx < 3, %c < 2) {
// CHECK-NEXT:      [[OLDEST:%\d+]] = hlsc.affine %oy * 16 + %ox * 2 - 18
// CHECK:           hlsc.position
// CHECK:           hlsc.await @fill > {{%\d+}} when [[EARLY:%\d+]]
// CHECK:           hlsc.await @fill > {{%\d+}} when [[INSIDE:%\d+]]
// CHECK:           [[TAP:%\d+]] = hlsc.load %lines[{{%\d+}}] when [[INSIDE]]
// CHECK-NEXT:      [[PAD:%\d+]] = hlsc.constant 1
// CHECK-NEXT:      [[Y:%\d+]] = hlsc.select [[INSIDE]], [[TAP]], [[PAD]]
// CHECK:           hlsc.write %out, [[Y]]

// -----

// The whole window at once: a ring per tap.
stream.graph @accelerator (%x : !stream.chan<ui2 x 1, 16>) -> (!stream.chan<ui2 x 4, 9>)
    inputs([#stream.layout<shape = [16], perm = [0], channels = 16>])
    outputs([#stream.layout<shape = [36], perm = [0], channels = 36>]) {
  %y = stream.window "window" %x {shape = array<i64: 4, 4, 1>, kernel = array<i64: 2, 2>, strides = array<i64: 1, 1>,
    dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, taps = 4 : i64}
    : !stream.chan<ui2 x 1, 16> -> !stream.chan<ui2 x 4, 9>
  stream.output %y : !stream.chan<ui2 x 4, 9>
}

// CHECK-LABEL: hlsc.process @window
// CHECK-COUNT-4: hlsc.ram named "lines_
// CHECK:         hlsc.side @emit (%{{.*}}, %oy < 3, %ox < 3, %ky < 1, %kx < 1, %c < 1) {
// CHECK:           [[ALL:%\d+]] = hlsc.concat
// CHECK-NEXT:      hlsc.write %out, [[ALL]]

// -----

// A stride without overlap drops what no window takes.
stream.graph @accelerator (%x : !stream.chan<ui2 x 1, 16>) -> (!stream.chan<ui2 x 1, 4>)
    inputs([#stream.layout<shape = [16], perm = [0], channels = 16>])
    outputs([#stream.layout<shape = [4], perm = [0], channels = 4>]) {
  %y = stream.window "window" %x {shape = array<i64: 4, 4, 1>, kernel = array<i64: 1, 1>, strides = array<i64: 2, 2>,
    dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : !stream.chan<ui2 x 1, 16> -> !stream.chan<ui2 x 1, 4>
  stream.output %y : !stream.chan<ui2 x 1, 4>
}

// CHECK-LABEL: hlsc.process @window
// CHECK-NEXT:    hlsc.side @body (%frame, %y < 4, %x < 4, %c < 1) {
// CHECK-NEXT:      [[X:%\d+]] = hlsc.read %in
// CHECK:           hlsc.affine %y mod 2
// CHECK:           hlsc.affine %x mod 2
// CHECK:           hlsc.write %out, [[X]] when

// -----

// Sums per channel live in a memory of one word per beat of a pixel.
stream.graph @accelerator (%x : !stream.chan<ui2 x 1, 24>) -> (!stream.chan<ui4 x 1, 6>)
    inputs([#stream.layout<shape = [24], perm = [0], channels = 24>])
    outputs([#stream.layout<shape = [6], perm = [0], channels = 6>]) {
  %y = stream.pool "sum" %x {kind = #stream<pool_kind sum>, positions = 2 : i64, taps = 4 : i64, channels = 3 : i64}
    : !stream.chan<ui2 x 1, 24> -> !stream.chan<ui4 x 1, 6>
  stream.output %y : !stream.chan<ui4 x 1, 6>
}

// CHECK-LABEL: hlsc.process @sum
// CHECK-NEXT:    %acc = hlsc.ram named "acc" !hlsc.mem<3 x vector<1xui4>>
// CHECK:           [[FIRST:%\d+]] = hlsc.cmp eq %k,
// CHECK:           [[OLD:%\d+]] = hlsc.load %acc[%c] when
// CHECK:           [[NEW:%\d+]] = hlsc.select [[FIRST]],
// CHECK-NEXT:      hlsc.store %acc[%c], [[NEW]]
