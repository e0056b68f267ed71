// RUN: QNN_INVALID

// CHECK: the beat of hlsc.in must be siN, uiN or a vector of these, not i4
"test.op"() {t = !hlsc.in<i4>} : () -> ()

// -----

// CHECK: the beat of hlsc.chan must be siN, uiN or a vector of these, not f32
"test.op"() {t = !hlsc.chan<f32>} : () -> ()

// -----

// CHECK: a memory has at least one word
"test.op"() {t = !hlsc.mem<0 x ui4>} : () -> ()

// -----

// CHECK: expected one stride per operand, got 1 and 0
"hlsc.affine"() <{strides = array<i64: 4>}> : () -> index

// -----

// CHECK: a static table has one dimension
%i = "test.op"() : () -> index
%j = hlsc.static_rom dense<1> : tensor<2x2xi8> [%i]

// -----

// CHECK: result si4 does not hold every possible result, si6 does
%a, %b = "test.op"() : () -> (si4, ui4)
%y = hlsc.add %a, %b : si4, ui4 -> si4

// -----

// CHECK: result vector<2xui8> does not hold every possible result, vector<2xui9> does
%x, %w = "test.op"() : () -> (vector<2xui4>, vector<2x2xui4>)
%y = hlsc.dot %x, %w : vector<2xui4>, vector<2x2xui4> -> vector<2xui8>

// -----

// CHECK: a dot product takes [S] and [P, S], not vector<3xui4> and vector<2x2xui4>
%x, %w = "test.op"() : () -> (vector<3xui4>, vector<2x2xui4>)
%y = hlsc.dot %x, %w : vector<3xui4>, vector<2x2xui4> -> vector<2xui9>

// -----

// CHECK: lanes differ: vector<2xui4>, vector<3xui4>
%a, %b = "test.op"() : () -> (vector<2xui4>, vector<3xui4>)
%y = hlsc.mul %a, %b : vector<2xui4>, vector<3xui4> -> vector<2xui8>

// -----

// CHECK: result vector<2xui5> should have the shape of ui5
%a = "test.op"() : () -> ui4
%y = hlsc.add %a, %a : ui4, ui4 -> vector<2xui5>

// -----

// CHECK: ui63 is too wide for arithmetic, 62 bits is the limit
%a = "test.op"() : () -> ui63
%y = hlsc.max %a, %a : ui63, ui63 -> ui63

// -----

// CHECK: result vector<3xsi1> should have the shape of vector<2xsi1>
%a = "test.op"() : () -> vector<2xui4>
%y = hlsc.narrow %a : vector<2xui4> -> vector<3xsi1>

// -----

// CHECK: result ui4 does not hold every possible result, si1 does
%y = hlsc.constant -1 : ui4

// -----

// CHECK: vector<4xui2> has 8 bits and ui7 has 7
%a = "test.op"() : () -> vector<4xui2>
%y = hlsc.bitcast %a : vector<4xui2> -> ui7

// -----

// CHECK: result ui2 does not hold every possible result, si3 does
%p, %a, %b = "test.op"() : () -> (i1, ui2, si1)
%y = hlsc.select %p, %a, %b : ui2, si1 -> ui2

// -----

// CHECK: a condition is made of ui1, not ui2
%c, %a = "test.op"() : () -> (ui2, ui4)
%y = hlsc.mux %c, %a, %a : ui2, ui4, ui4 -> ui4

// -----

// CHECK: vector<2x3xui4> is not vector<3xui4> with one axis more
%a, %t = "test.op"() : () -> (vector<3xui4>, vector<2x3xui4>)
%y = hlsc.count_ge %a, %t : vector<3xui4>, vector<2x3xui4> -> vector<3xui2>

// -----

// CHECK: one delta per step: vector<2x2xui4> and vector<2x3xui4> differ in shape
%a, %t, %d = "test.op"() : () -> (vector<2xui4>, vector<2x3xui4>, vector<2x2xui4>)
%y = hlsc.step_sum %a, %t, %d : vector<2xui4>, vector<2x3xui4>, vector<2x2xui4> -> vector<2xui6>

// -----

// CHECK: empty range [3, 2]
%a = "test.op"() : () -> ui4
%y = hlsc.requant %a, %a, %a shift 2 floor clamp 3 to 2 : ui4, ui4, ui4 -> ui4

// -----

// CHECK: vector<4xui2> has no bit 2
%a = "test.op"() : () -> vector<4xui2>
%y = hlsc.plane %a bit 2 : vector<4xui2> -> ui4

// -----

// CHECK: a word of bits is unsigned, not si4
%a = "test.op"() : () -> si4
%y = hlsc.popcount %a : si4 -> ui3

// -----

// CHECK: expected uiS and a vector of uiS, got ui3 and vector<2xui4>
%a, %w = "test.op"() : () -> (ui3, vector<2xui4>)
%y = hlsc.xnor_popcount %a, %w : ui3, vector<2xui4> -> vector<2xui3>

// -----

// CHECK: vector<4xui2> has no lane 4
%a = "test.op"() : () -> vector<4xui2>
%y = hlsc.slice %a from 3 size 2 : vector<4xui2> -> vector<2xui2>

// -----

// CHECK: concatenated vectors differ in their first axis only
%a, %b = "test.op"() : () -> (vector<4xui2>, vector<4xui3>)
%y = hlsc.concat %a, %b : vector<4xui2>, vector<4xui3> -> vector<8xui3>

// -----

// CHECK: result should be vector<8xui2>, not vector<8xui3>
%a = "test.op"() : () -> vector<4xui2>
%y = hlsc.concat %a, %a : vector<4xui2>, vector<4xui2> -> vector<8xui3>

// -----

// CHECK: data (3,) does not fill !hlsc.mem<4 x ui4>
%m = hlsc.rom dense<[1, 2, 3]> : tensor<3xi8> as !hlsc.mem<4 x ui4>

// -----

// CHECK: data in [1, 9] does not fit !hlsc.mem<3 x ui3>
%m = hlsc.rom dense<[1, 2, 9]> : tensor<3xi8> as !hlsc.mem<3 x ui3>

// -----

// CHECK: a rom has lanes of at most 62 bits
%m = hlsc.rom dense<[1, 2, 9]> : tensor<3xi8> as !hlsc.mem<3 x ui70>

// -----

// CHECK: init 9 does not fit !hlsc.mem<1 x ui3>
%m = hlsc.reg !hlsc.mem<1 x ui3> init 9

// -----

// CHECK: a register has one word
%m = hlsc.reg !hlsc.mem<2 x ui3>

// -----

// CHECK: an access to a memory of 2 words needs an index
%m = hlsc.ram !hlsc.mem<2 x ui3>
%x = hlsc.load %m : !hlsc.mem<2 x ui3> -> ui3

// -----

// CHECK: a rom is not written
%m = hlsc.rom dense<1> : tensor<1xi8> as !hlsc.mem<1 x ui3>
%x = "test.op"() : () -> ui3
hlsc.store %m, %x : !hlsc.mem<1 x ui3>, ui3

// -----

// CHECK: a word of !hlsc.mem<1 x vector<3x4xui2>> is no table for vector<2xui2>
%m = hlsc.rom dense<1> : tensor<12xi8> as !hlsc.mem<1 x vector<3x4xui2>>
%x = "test.op"() : () -> vector<2xui2>
%y = hlsc.lookup %m, %x lo 0 : !hlsc.mem<1 x vector<3x4xui2>>, vector<2xui2> -> vector<2xui2>

// -----

// CHECK: a port is !hlsc.in, !hlsc.out or !hlsc.mem, not !hlsc.chan<ui4>
hlsc.process @p(%x: !hlsc.chan<ui4>) {
  hlsc.side @main (%f, %i < 4) {
  }
}

// -----

// CHECK: a process has at least one side
hlsc.process @p(%x: !hlsc.in<ui4>) {
}

// -----

// CHECK: a process holds memories and sides, not hlsc.constant
hlsc.process @p(%x: !hlsc.in<ui4>) {
  %y = hlsc.constant 0 : ui4
  hlsc.side @main (%f, %i < 4) {
  }
}

// -----

// CHECK: register acc is used by more than one side
hlsc.process @p(%x: !hlsc.in<ui4>, %y: !hlsc.out<ui4>) {
  %acc = hlsc.reg !hlsc.mem<1 x ui4>
  hlsc.side @fill (%f, %i < 4) {
    %v = hlsc.read %x : !hlsc.in<ui4> -> ui4
    hlsc.store %acc, %v : !hlsc.mem<1 x ui4>, ui4
  }
  hlsc.side @emit (%f, %i < 4) {
    %v = hlsc.load %acc : !hlsc.mem<1 x ui4> -> ui4
    hlsc.write %y, %v : !hlsc.out<ui4>, ui4
  }
}

// -----

// CHECK: memory lines is stored by more than one side
hlsc.process @p(%x: !hlsc.in<ui4>, %y: !hlsc.in<ui4>) {
  %lines = hlsc.ram !hlsc.mem<4 x ui4>
  hlsc.side @a (%f, %i < 4) {
    %v = hlsc.read %x : !hlsc.in<ui4> -> ui4
    hlsc.store %lines[%i], %v : !hlsc.mem<4 x ui4>, ui4
  }
  hlsc.side @b (%f, %i < 4) {
    %v = hlsc.read %y : !hlsc.in<ui4> -> ui4
    hlsc.store %lines[%i], %v : !hlsc.mem<4 x ui4>, ui4
  }
}

// -----

// CHECK: port x is used by more than one side
hlsc.process @p(%x: !hlsc.in<ui4>) {
  hlsc.side @a (%f, %i < 4) {
    %v = hlsc.read %x : !hlsc.in<ui4> -> ui4
  }
  hlsc.side @b (%f, %i < 4) {
    %v = hlsc.read %x : !hlsc.in<ui4> -> ui4
  }
}

// -----

// CHECK: bounds of at least 1
hlsc.process @p(%x: !hlsc.in<ui4>) {
  hlsc.side @a (%f, %i < 0) {
  }
}

// -----

// CHECK: every nest after the first has exactly one hlsc.advance
hlsc.process @p(%x: !hlsc.in<ui4>) {
  hlsc.side @a (%f, %i < 4) (%g, %j < 4) {
  }
}

// -----

// CHECK: await needs another side of the process, not @b
hlsc.process @p(%x: !hlsc.in<ui4>) {
  hlsc.side @a (%f, %i < 4) {
    hlsc.await @b > %i
  }
}

// -----

// CHECK: awaited side @b has no position
hlsc.process @p(%x: !hlsc.in<ui4>) {
  hlsc.side @a (%f, %i < 4) {
    hlsc.await @b > %i
  }
  hlsc.side @b (%f, %i < 4) {
  }
}

// -----

// CHECK: hlsc.cmp depends on the frame: operand 0; all frames are alike
hlsc.process @p(%x: !hlsc.in<ui4>) {
  hlsc.side @a (%f, %i < 4) {
    %j = hlsc.affine %f * 4 + %i
    %p = hlsc.cmp eq %j, %i
  }
}

// -----

// CHECK: a side has one position
hlsc.process @p(%x: !hlsc.in<ui4>) {
  hlsc.side @a (%f, %i < 4) {
    hlsc.position %i
    hlsc.position %i
  }
}

// -----

// CHECK: the top holds channels and calls, not hlsc.constant
hlsc.top @net() {
  %y = hlsc.constant 0 : ui4
}

// -----

// CHECK: a port of the top is !hlsc.chan or !hlsc.mem, not !hlsc.in<ui4>
hlsc.top @net(%x: !hlsc.in<ui4>) {
}

// -----

// CHECK: @nothing is no process
hlsc.top @net(%x: !hlsc.chan<ui4>) {
  hlsc.call @nothing(%x) : !hlsc.chan<ui4>
}

// -----

// CHECK: @p has 1 ports, not 2
hlsc.process @p(%x: !hlsc.in<ui4>) {
  hlsc.side @a (%f, %i < 4) {
  }
}
hlsc.top @net(%x: !hlsc.chan<ui4>) {
  hlsc.call @p(%x, %x) : !hlsc.chan<ui4>, !hlsc.chan<ui4>
}

// -----

// CHECK: port !hlsc.in<ui4> and channel !hlsc.chan<ui5> differ in bits
hlsc.process @p(%x: !hlsc.in<ui4>) {
  hlsc.side @a (%f, %i < 4) {
  }
}
hlsc.top @net(%x: !hlsc.chan<ui5>) {
  hlsc.call @p(%x) : !hlsc.chan<ui5>
}

// -----

// CHECK: port x of the top has 2 users instead of one
hlsc.process @p(%x: !hlsc.in<ui4>) {
  hlsc.side @a (%f, %i < 4) {
  }
}
hlsc.top @net(%x: !hlsc.chan<ui4>) {
  hlsc.call @p(%x) : !hlsc.chan<ui4>
  hlsc.call @p(%x) : !hlsc.chan<ui4>
}

// -----

// CHECK: channel "c" has 0 producers and 1 consumers instead of one each
hlsc.process @p(%x: !hlsc.in<ui4>) {
  hlsc.side @a (%f, %i < 4) {
  }
}
hlsc.top @net() {
  %c = hlsc.channel "c" depth 2 : !hlsc.chan<ui4>
  hlsc.call @p(%c) : !hlsc.chan<ui4>
}

// -----

// CHECK: an interface is "axis" or "memory", not "wire"
hlsc.process @p(%x: !hlsc.in<ui4>) {
  hlsc.side @a (%f, %i < 4) {
  }
}
hlsc.top @net(%x: !hlsc.chan<ui4>) attributes {interfaces = ["wire"]} {
  hlsc.call @p(%x) : !hlsc.chan<ui4>
}

// -----

// CHECK: port words is a memory outside, only loads use it
hlsc.process @p(%x: !hlsc.in<ui4>, %words: !hlsc.mem<4 x ui4>) {
  hlsc.side @a (%f, %i < 4) {
    %v = hlsc.read %x : !hlsc.in<ui4> -> ui4
    hlsc.store %words[%i], %v : !hlsc.mem<4 x ui4>, ui4
  }
}

// -----

// CHECK: port !hlsc.mem<4 x ui8> and !hlsc.mem<8 x ui8> differ
hlsc.process @p(%words: !hlsc.mem<4 x ui8>) {
  hlsc.side @a (%f, %i < 4) {
  }
}
hlsc.top @net(%words: !hlsc.mem<8 x ui8>) attributes {memory_data = [dense<0> : tensor<8xi8>], memory_types = [ui8]} {
  hlsc.call @p(%words) : !hlsc.mem<8 x ui8>
}

// -----

// CHECK: an interface is "memory" or "registers" or "registers_uram", not "axis"
hlsc.top @net(%words: !hlsc.mem<8 x ui8>) attributes {interfaces = ["axis"]} {
}

// -----

// CHECK: expected data and a type for each of 1 memories
hlsc.top @net(%words: !hlsc.mem<8 x ui8>) {
}

// -----

// CHECK: a word of !hlsc.mem<2 x ui8> does not hold vector<3xui3>
hlsc.top @net(%words: !hlsc.mem<2 x ui8>) attributes {memory_data = [dense<0> : tensor<2x3xi8>],
    memory_types = [vector<3xui3>]} {
}

// -----

// CHECK: data (3, 2) does not fill !hlsc.mem<2 x ui8> with vector<2xui3>
hlsc.top @net(%words: !hlsc.mem<2 x ui8>) attributes {memory_data = [dense<0> : tensor<3x2xi8>],
    memory_types = [vector<2xui3>]} {
}

// -----

// CHECK: data in [9, 9] does not fit vector<2xui3>
hlsc.top @net(%words: !hlsc.mem<2 x ui8>) attributes {memory_data = [dense<9> : tensor<2x2xi8>],
    memory_types = [vector<2xui3>]} {
}
