// RUN: qnn-opt %s -p hlsc-verify-processes --split-input-file --verify-diagnostics | filecheck %s

// A correct module stays as it is.
// CHECK-LABEL: hlsc.process @good
// CHECK:       hlsc.top @net
hlsc.process @good(%in: !hlsc.in<ui4>, %out: !hlsc.out<ui4>) {
  hlsc.side @main (%frame, %i < 4) {
    %x = hlsc.read %in : !hlsc.in<ui4> -> ui4
    hlsc.write %out, %x : !hlsc.out<ui4>, ui4
  }
}
hlsc.top @net(%x: !hlsc.chan<ui4>, %y: !hlsc.chan<ui4>) {
  %c = hlsc.channel "c" depth 2 : !hlsc.chan<ui4>
  hlsc.call @good(%x, %c) : !hlsc.chan<ui4>, !hlsc.chan<ui4>
  hlsc.call @good(%c, %y) : !hlsc.chan<ui4>, !hlsc.chan<ui4>
}

// -----

// CHECK: hlsc.process @lag (Conv_0): stuck tail: iteration 0 of frame 1 of side @main needs %held of frame 0 after it has read a later frame
hlsc.process @lag(%in: !hlsc.in<ui4>, %out: !hlsc.out<ui4>) origin "Conv_0" {
  %held = hlsc.reg !hlsc.mem<1 x ui4>
  hlsc.side @main (%frame, %i < 8) {
    %x = hlsc.read %in : !hlsc.in<ui4> -> ui4
    %old = hlsc.load %held : !hlsc.mem<1 x ui4> -> ui4
    hlsc.store %held, %x : !hlsc.mem<1 x ui4>, ui4
    hlsc.write %out, %old : !hlsc.out<ui4>, ui4
  }
}

// -----

// CHECK: hlsc.process @race: race on %lines[0]: iteration 0 of frame 0 of side @emit loads while iteration 0 of frame 0 of side @fill may store
hlsc.process @race(%in: !hlsc.in<ui4>, %out: !hlsc.out<ui4>) {
  %lines = hlsc.ram !hlsc.mem<4 x ui4>
  hlsc.side @fill (%f, %i < 8) {
    %p = hlsc.affine %i + %f * 8
    hlsc.position %p
    %free = hlsc.affine %i + %f * 8 - 4
    hlsc.await @emit > %free
    %x = hlsc.read %in : !hlsc.in<ui4> -> ui4
    %at = hlsc.affine %i mod 4
    hlsc.store %lines[%at], %x : !hlsc.mem<4 x ui4>, ui4
  }
  hlsc.side @emit (%f, %i < 8) {
    %p = hlsc.affine %i + %f * 8
    hlsc.position %p
    %at = hlsc.affine %i mod 4
    %y = hlsc.load %lines[%at] : !hlsc.mem<4 x ui4> -> ui4
    hlsc.write %out, %y : !hlsc.out<ui4>, ui4
  }
}

// -----

// CHECK: hlsc.process @ahead: iteration 0 of frame 0 of side @main writes before any input of that frame has come
hlsc.process @ahead(%in: !hlsc.in<ui4>, %out: !hlsc.out<ui4>) {
  hlsc.side @main (%frame, %i < 5) {
    %zero = hlsc.static_constant 0
    %later = hlsc.cmp gt %i, %zero
    %x = hlsc.read %in when %later : !hlsc.in<ui4> -> ui4
    %pad = hlsc.constant 0 : ui4
    %y = hlsc.select %later, %x, %pad : ui4, ui4 -> ui4
    hlsc.write %out, %y : !hlsc.out<ui4>, ui4
  }
}

// -----

// CHECK: hlsc.process @far: %table: index [1, 4] is not in [0, 4)
hlsc.process @far(%out: !hlsc.out<ui4>) {
  %table = hlsc.rom dense<[1, 2, 3, 4]> : tensor<4xi8> as !hlsc.mem<4 x ui4>
  hlsc.side @main (%frame, %i < 4) {
    %at = hlsc.affine %i + 1
    %y = hlsc.load %table[%at] : !hlsc.mem<4 x ui4> -> ui4
    hlsc.write %out, %y : !hlsc.out<ui4>, ui4
  }
}

// -----

// CHECK: hlsc.process @nests: nest 1 has 4 iterations and advances 3 times per frame
hlsc.process @nests(%out: !hlsc.out<ui4>) {
  hlsc.side @main (%frame, %t < 4) (%f, %i < 4) {
    %zero = hlsc.static_constant 0
    %later = hlsc.cmp gt %t, %zero
    hlsc.advance 1 when %later
    %y = hlsc.from_index %i : ui4
    hlsc.write %out, %y : !hlsc.out<ui4>, ui4
  }
}

// -----

// CHECK: hlsc.top @net: channel "c": 4 tokens written and 3 read per frame
hlsc.process @four(%in: !hlsc.in<ui4>, %out: !hlsc.out<ui4>) {
  hlsc.side @main (%frame, %i < 4) {
    %x = hlsc.read %in : !hlsc.in<ui4> -> ui4
    hlsc.write %out, %x : !hlsc.out<ui4>, ui4
  }
}
hlsc.process @three(%in: !hlsc.in<ui4>, %out: !hlsc.out<ui4>) {
  hlsc.side @main (%frame, %i < 3) {
    %x = hlsc.read %in : !hlsc.in<ui4> -> ui4
    hlsc.write %out, %x : !hlsc.out<ui4>, ui4
  }
}
hlsc.top @net(%x: !hlsc.chan<ui4>, %y: !hlsc.chan<ui4>) {
  %c = hlsc.channel "c" depth 2 : !hlsc.chan<ui4>
  hlsc.call @four(%x, %c) : !hlsc.chan<ui4>, !hlsc.chan<ui4>
  hlsc.call @three(%c, %y) : !hlsc.chan<ui4>, !hlsc.chan<ui4>
}
