// RUN: QNN_ROUNDTRIP
// RUN: QNN_MLIR_ROUNDTRIP

// CHECK-LABEL: hlsc.process @all(%in: !hlsc.in<vector<4xui2>>, %word: !hlsc.in<ui70>, %out: !hlsc.out<vector<4xui2>>) origin "node \22A\22" {
hlsc.process @all(%in: !hlsc.in<vector<4xui2>>, %word: !hlsc.in<ui70>, %out: !hlsc.out<vector<4xui2>>) origin "node \"A\"" {
  // CHECK-NEXT: %w = hlsc.rom named "weights" dense<1> : tensor<4x2x4xi8> as !hlsc.mem<4 x vector<2x4xui2>> style lutram
  %w = hlsc.rom named "weights" dense<1> : tensor<4x2x4xi8> as !hlsc.mem<4 x vector<2x4xui2>> style lutram
  // CHECK-NEXT: %t = hlsc.rom dense<[3, 1, 2, 0]> : tensor<4xi8> as !hlsc.mem<1 x vector<4xui2>>{{$}}
  %t = hlsc.rom dense<[3, 1, 2, 0]> : tensor<4xi8> as !hlsc.mem<1 x vector<4xui2>>
  // CHECK-NEXT: %lines = hlsc.ram !hlsc.mem<8 x vector<4xui2>> style bram
  %lines = hlsc.ram !hlsc.mem<8 x vector<4xui2>> style bram
  // CHECK-NEXT: %spare = hlsc.ram named "spare" !hlsc.mem<2 x ui70>{{$}}
  %spare = hlsc.ram named "spare" !hlsc.mem<2 x ui70>
  // CHECK-NEXT: %acc = hlsc.reg named "acc" !hlsc.mem<1 x vector<2xsi12>> init -3
  %acc = hlsc.reg named "acc" !hlsc.mem<1 x vector<2xsi12>> init -3
  // CHECK-NEXT: %one = hlsc.reg !hlsc.mem<1 x ui4>{{$}}
  %one = hlsc.reg !hlsc.mem<1 x ui4>
  // CHECK-NEXT: hlsc.side @fill (%f, %i < 16) {
  hlsc.side @fill (%f, %i < 16) {
    // CHECK-NEXT: %p = hlsc.affine %i + %f * 16
    %p = hlsc.affine %i + 16 - 16 + %f * 16
    // CHECK-NEXT: hlsc.position %p
    hlsc.position %p
    // CHECK-NEXT: %free = hlsc.affine %p - 8
    %free = hlsc.affine %p - 8
    // CHECK-NEXT: hlsc.await @emit > %free{{$}}
    hlsc.await @emit > %free
    // CHECK-NEXT: %at = hlsc.affine -%i * 3 + %f - 1 mod 8
    %at = hlsc.affine -%i * 3 + %f - 1 mod 8
    // CHECK-NEXT: %fixed = hlsc.affine 7
    %fixed = hlsc.affine 7
    // CHECK-NEXT: %beat = hlsc.read %in : !hlsc.in<vector<4xui2>> -> vector<4xui2>
    %beat = hlsc.read %in : !hlsc.in<vector<4xui2>> -> vector<4xui2>
    // CHECK-NEXT: hlsc.store %lines[%at], %beat : !hlsc.mem<8 x vector<4xui2>>, vector<4xui2>
    hlsc.store %lines[%at], %beat : !hlsc.mem<8 x vector<4xui2>>, vector<4xui2>
  }
  // CHECK:      hlsc.side @emit (%e, %y < 4, %x < 4) (%g, %z < 4) (%h) {
  hlsc.side @emit (%e, %y < 4, %x < 4) (%g, %z < 4) (%h) {
    // CHECK-NEXT: %zero = hlsc.static_constant 0
    %zero = hlsc.static_constant 0
    // CHECK-NEXT: %low = hlsc.static_constant -5
    %low = hlsc.static_constant -5
    // CHECK-NEXT: %first = hlsc.cmp eq %x, %zero
    %first = hlsc.cmp eq %x, %zero
    // CHECK-NEXT: %top = hlsc.cmp le %y, %zero
    %top = hlsc.cmp le %y, %zero
    // CHECK-NEXT: %both = hlsc.and %first, %top
    %both = hlsc.and %first, %top
    // CHECK-NEXT: %any = hlsc.or %first, %top
    %any = hlsc.or %first, %top
    // CHECK-NEXT: %later = hlsc.not %first
    %later = hlsc.not %first
    // CHECK-NEXT: %index = hlsc.static_select %both, %zero, %x
    %index = hlsc.static_select %both, %zero, %x
    // CHECK-NEXT: %bank = hlsc.static_rom dense<[2, 0, 1, 3]> : tensor<4xi8> [%y]
    %bank = hlsc.static_rom dense<[2, 0, 1, 3]> : tensor<4xi8> [%y]
    // CHECK-NEXT: hlsc.advance 1 when %first
    hlsc.advance 1 when %first
    // CHECK-NEXT: hlsc.advance 2 when %both
    hlsc.advance 2 when %both
    // CHECK-NEXT: %q = hlsc.affine %y * 4 + %x + %e * 16
    %q = hlsc.affine %y * 4 + %x + %e * 16
    // CHECK-NEXT: hlsc.position %q
    hlsc.position %q
    // CHECK-NEXT: hlsc.await @fill > %q when %any
    hlsc.await @fill > %q when %any
    // CHECK-NEXT: %raw = hlsc.read %word when %first : !hlsc.in<ui70> -> vector<35xui2>
    %raw = hlsc.read %word when %first : !hlsc.in<ui70> -> vector<35xui2>
    // CHECK-NEXT: %s = hlsc.from_index %z : ui4
    %s = hlsc.from_index %z : ui4
    // CHECK-NEXT: hlsc.store %one, %s when %any : !hlsc.mem<1 x ui4>, ui4
    hlsc.store %one, %s when %any : !hlsc.mem<1 x ui4>, ui4
    // CHECK-NEXT: %row = hlsc.load %lines[%bank] when %later : !hlsc.mem<8 x vector<4xui2>> -> vector<4xui2>
    %row = hlsc.load %lines[%bank] when %later : !hlsc.mem<8 x vector<4xui2>> -> vector<4xui2>
    // CHECK-NEXT: %tile = hlsc.load %w[%y] : !hlsc.mem<4 x vector<2x4xui2>> -> vector<2x4xui2>
    %tile = hlsc.load %w[%y] : !hlsc.mem<4 x vector<2x4xui2>> -> vector<2x4xui2>
    // CHECK-NEXT: %all = hlsc.load %t : !hlsc.mem<1 x vector<4xui2>> -> ui8
    %all = hlsc.load %t : !hlsc.mem<1 x vector<4xui2>> -> ui8
    // CHECK-NEXT: %seven = hlsc.constant 7 : vector<2xui3>
    %seven = hlsc.constant 7 : vector<2xui3>
    // CHECK-NEXT: %whatever = hlsc.constant 0 : vector<4xui2>
    %whatever = hlsc.constant 0 : vector<4xui2>
    // CHECK-NEXT: %v = hlsc.select %later, %row, %whatever : vector<4xui2>, vector<4xui2> -> vector<4xui2>
    %v = hlsc.select %later, %row, %whatever : vector<4xui2>, vector<4xui2> -> vector<4xui2>
    // CHECK-NEXT: %dot = hlsc.dot %v, %tile : vector<4xui2>, vector<2x4xui2> -> vector<2xui6>
    %dot = hlsc.dot %v, %tile : vector<4xui2>, vector<2x4xui2> -> vector<2xui6>
    // CHECK-NEXT: %wide = hlsc.extend %dot : vector<2xui6> -> vector<2xsi12>
    %wide = hlsc.extend %dot : vector<2xui6> -> vector<2xsi12>
    // CHECK-NEXT: %more = hlsc.add %wide, %seven : vector<2xsi12>, vector<2xui3> -> vector<2xsi13>
    %more = hlsc.add %wide, %seven : vector<2xsi12>, vector<2xui3> -> vector<2xsi13>
    // CHECK-NEXT: %now = hlsc.narrow %more : vector<2xsi13> -> vector<2xsi12>
    %now = hlsc.narrow %more : vector<2xsi13> -> vector<2xsi12>
    // CHECK-NEXT: hlsc.store %acc, %now : !hlsc.mem<1 x vector<2xsi12>>, vector<2xsi12>
    hlsc.store %acc, %now : !hlsc.mem<1 x vector<2xsi12>>, vector<2xsi12>
    // CHECK-NEXT: %less = hlsc.sub %now, %seven : vector<2xsi12>, vector<2xui3> -> vector<2xsi13>
    %less = hlsc.sub %now, %seven : vector<2xsi12>, vector<2xui3> -> vector<2xsi13>
    // CHECK-NEXT: %times = hlsc.mul %now, %s : vector<2xsi12>, ui4 -> vector<2xsi16>
    %times = hlsc.mul %now, %s : vector<2xsi12>, ui4 -> vector<2xsi16>
    // CHECK-NEXT: %max = hlsc.max %now, %seven : vector<2xsi12>, vector<2xui3> -> vector<2xui11>
    %max = hlsc.max %now, %seven : vector<2xsi12>, vector<2xui3> -> vector<2xui11>
    // CHECK-NEXT: %min = hlsc.min %now, %seven : vector<2xsi12>, vector<2xui3> -> vector<2xsi12>
    %min = hlsc.min %now, %seven : vector<2xsi12>, vector<2xui3> -> vector<2xsi12>
    // CHECK-NEXT: %gt = hlsc.greater %max, %seven : vector<2xui11>, vector<2xui3> -> vector<2xui1>
    %gt = hlsc.greater %max, %seven : vector<2xui11>, vector<2xui3> -> vector<2xui1>
    // CHECK-NEXT: %ge = hlsc.greater_equal %max, %seven : vector<2xui11>, vector<2xui3> -> vector<2xui1>
    %ge = hlsc.greater_equal %max, %seven : vector<2xui11>, vector<2xui3> -> vector<2xui1>
    // CHECK-NEXT: %mux = hlsc.mux %gt, %max, %min : vector<2xui1>, vector<2xui11>, vector<2xsi12> -> vector<2xsi12>
    %mux = hlsc.mux %gt, %max, %min : vector<2xui1>, vector<2xui11>, vector<2xsi12> -> vector<2xsi12>
    // CHECK-NEXT: %up = hlsc.shl %gt by 2 : vector<2xui1> -> vector<2xui3>
    %up = hlsc.shl %gt by 2 : vector<2xui1> -> vector<2xui3>
    // CHECK-NEXT: %sum = hlsc.reduce_add %tile : vector<2x4xui2> -> vector<2xui4>
    %sum = hlsc.reduce_add %tile : vector<2x4xui2> -> vector<2xui4>
    // CHECK-NEXT: %peak = hlsc.reduce_max %up : vector<2xui3> -> ui3
    %peak = hlsc.reduce_max %up : vector<2xui3> -> ui3
    // CHECK-NEXT: %req = hlsc.requant %now, %s, %seven shift 4 floor clamp -8 to 7 : vector<2xsi12>, ui4, vector<2xui3> -> vector<2xsi4>
    %req = hlsc.requant %now, %s, %seven shift 4 floor clamp -8 to 7 : vector<2xsi12>, ui4, vector<2xui3> -> vector<2xsi4>
    // CHECK-NEXT: %count = hlsc.count_ge %now, %tile : vector<2xsi12>, vector<2x4xui2> -> vector<2xui3>
    %count = hlsc.count_ge %now, %tile : vector<2xsi12>, vector<2x4xui2> -> vector<2xui3>
    // CHECK-NEXT: %steps = hlsc.step_sum %now, %tile, %tile : vector<2xsi12>, vector<2x4xui2>, vector<2x4xui2> -> vector<2xui4>
    %steps = hlsc.step_sum %now, %tile, %tile : vector<2xsi12>, vector<2x4xui2>, vector<2x4xui2> -> vector<2xui4>
    // CHECK-NEXT: %look = hlsc.lookup %t, %v lo 0 : !hlsc.mem<1 x vector<4xui2>>, vector<4xui2> -> vector<4xui2>
    %look = hlsc.lookup %t, %v lo 0 : !hlsc.mem<1 x vector<4xui2>>, vector<4xui2> -> vector<4xui2>
    // CHECK-NEXT: %own = hlsc.lookup %w[%x], %gt lo -2 : !hlsc.mem<4 x vector<2x4xui2>>, vector<2xui1> -> vector<2xui2>
    %own = hlsc.lookup %w[%x], %gt lo -2 : !hlsc.mem<4 x vector<2x4xui2>>, vector<2xui1> -> vector<2xui2>
    // CHECK-NEXT: %plane = hlsc.plane %v bit 1 : vector<4xui2> -> ui4
    %plane = hlsc.plane %v bit 1 : vector<4xui2> -> ui4
    // CHECK-NEXT: %words = hlsc.bitcast %all : ui8 -> vector<2xui4>
    %words = hlsc.bitcast %all : ui8 -> vector<2xui4>
    // CHECK-NEXT: %ones = hlsc.popcount %words : vector<2xui4> -> vector<2xui3>
    %ones = hlsc.popcount %words : vector<2xui4> -> vector<2xui3>
    // CHECK-NEXT: %equal = hlsc.xnor_popcount %plane, %words : ui4, vector<2xui4> -> vector<2xui3>
    %equal = hlsc.xnor_popcount %plane, %words : ui4, vector<2xui4> -> vector<2xui3>
    // CHECK-NEXT: %common = hlsc.and_popcount %plane, %words : ui4, vector<2xui4> -> vector<2xui3>
    %common = hlsc.and_popcount %plane, %words : ui4, vector<2xui4> -> vector<2xui3>
    // CHECK-NEXT: %cut = hlsc.slice %v from 1 size 2 : vector<4xui2> -> vector<2xui2>
    %cut = hlsc.slice %v from 1 size 2 : vector<4xui2> -> vector<2xui2>
    // CHECK-NEXT: %part = hlsc.dynamic_slice %v[%zero] size 2 : vector<4xui2> -> vector<2xui2>
    %part = hlsc.dynamic_slice %v[%zero] size 2 : vector<4xui2> -> vector<2xui2>
    // CHECK-NEXT: %joined = hlsc.concat %cut, %part : vector<2xui2>, vector<2xui2> -> vector<4xui2>
    %joined = hlsc.concat %cut, %part : vector<2xui2>, vector<2xui2> -> vector<4xui2>
    // CHECK-NEXT: hlsc.write %out, %joined when %later : !hlsc.out<vector<4xui2>>, vector<4xui2>
    hlsc.write %out, %joined when %later : !hlsc.out<vector<4xui2>>, vector<4xui2>
  }
}

// CHECK:      hlsc.top @net(%a: !hlsc.chan<vector<4xui2>>, %b: !hlsc.chan<ui70>, %r: !hlsc.chan<ui8>) attributes {interfaces = ["axis", "memory", "axis"], input_layouts = [{}], tag = 1 : i8} {
// CHECK-NEXT:   %c = hlsc.channel "middle" depth 2 : !hlsc.chan<vector<4xui2>>
// CHECK-NEXT:   %d = hlsc.channel "words" depth 16 : !hlsc.chan<ui70>
// CHECK-NEXT:   hlsc.call @all(%a, %b, %c) : !hlsc.chan<vector<4xui2>>, !hlsc.chan<ui70>, !hlsc.chan<vector<4xui2>>
hlsc.top @net(%a: !hlsc.chan<vector<4xui2>>, %b: !hlsc.chan<ui70>, %r: !hlsc.chan<ui8>)
    attributes {interfaces = ["axis", "memory", "axis"], input_layouts = [{}], tag = 1 : i8} {
  %c = hlsc.channel "middle" depth 2 : !hlsc.chan<vector<4xui2>>
  %d = hlsc.channel "words" depth 16 : !hlsc.chan<ui70>
  hlsc.call @all(%a, %b, %c) : !hlsc.chan<vector<4xui2>>, !hlsc.chan<ui70>, !hlsc.chan<vector<4xui2>>
  hlsc.call @source(%d) : !hlsc.chan<ui70>
  hlsc.call @all(%c, %d, %r) : !hlsc.chan<vector<4xui2>>, !hlsc.chan<ui70>, !hlsc.chan<ui8>
}

hlsc.process @source(%out: !hlsc.out<ui70>) {
  hlsc.side @main (%f, %i < 4) {
    %zero = hlsc.constant 0 : ui70
    hlsc.write %out, %zero : !hlsc.out<ui70>, ui70
  }
}
