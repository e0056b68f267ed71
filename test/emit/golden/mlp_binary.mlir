builtin.module attributes {qnn.pipeline = "stream-fold{pe=2 simd=4},stream-insert-width-converters,convert-stream-to-hlsc,hlsc-pack-bits,hlsc-legalize-names", dlti.target_system_spec = #dlti.target_system_spec<"fpga" = #dlti.target_device_spec<"board" = "pynq-z1", "part" = "xc7z020clg400-1", "clock_ns" = 1.000000e+01 : f64, "luts" = 53200 : i64, "ffs" = 106400 : i64, "bram18" = 280 : i64, "dsps" = 220 : i64, "urams" = 0 : i64>>} {
  hlsc.process @unpack_input(%in0: !hlsc.in<ui8>, %out0: !hlsc.out<vector<4xui2>>) attributes {port_names = ["in0", "out0"]} {
    hlsc.side @body (%frame, %i < 3) {
      %0 = hlsc.read %in0 : !hlsc.in<ui8> -> vector<8xui1>
      %1 = hlsc.bitcast %0 : vector<8xui1> -> vector<4xui2>
      hlsc.write %out0, %1 : !hlsc.out<vector<4xui2>>, vector<4xui2>
    }
  }
  hlsc.process @fc0(%in0: !hlsc.in<vector<4xui2>>, %out0: !hlsc.out<vector<2xui2>>) attributes {port_names = ["in0", "out0"]} {
    %buffer = hlsc.ram named "buffer" !hlsc.mem<3 x vector<2xui4>>
    %weights = hlsc.rom named "weights" dense<[[[1, 1, 1, 0], [1, 1, 1, 1]], [[0, 0, 0, 0], [1, 1, 1, 1]], [[0, 1, 1, 1], [0, 1, 1, 0]], [[0, 1, 1, 0], [0, 0, 0, 0]], [[1, 1, 1, 0], [0, 0, 0, 0]], [[0, 1, 0, 1], [0, 1, 1, 1]], [[0, 1, 1, 0], [1, 1, 1, 0]], [[0, 1, 1, 1], [1, 0, 1, 1]], [[0, 1, 1, 1], [1, 1, 0, 0]], [[0, 0, 1, 1], [1, 1, 1, 0]], [[0, 1, 1, 0], [1, 0, 0, 1]], [[1, 1, 0, 0], [0, 0, 1, 1]]]> : tensor<12x2x4xi8> as !hlsc.mem<12 x vector<2x4xui1>>
    %acc = hlsc.reg named "acc" !hlsc.mem<1 x vector<2xui7>>
    %thresholds = hlsc.rom named "thresholds" dense<[[[14, 14, 17], [5, 9, 9]], [[13, 13, 18], [23, 23, 30]], [[11, 13, 14], [9, 12, 15]], [[20, 21, 22], [11, 13, 17]]]> : tensor<4x2x3xi8> as !hlsc.mem<4 x vector<2x3xui5>>
    hlsc.side @body (%frame, %v < 1, %nf < 4, %sf < 3) {
      %0 = hlsc.static_constant 0
      %1 = hlsc.cmp eq %nf, %0
      %2 = hlsc.read %in0 when %1 : !hlsc.in<vector<4xui2>> -> vector<4xui2>
      %3 = hlsc.plane %2 bit 0 : vector<4xui2> -> ui4
      %4 = hlsc.bitcast %3 : ui4 -> vector<1xui4>
      %5 = hlsc.plane %2 bit 1 : vector<4xui2> -> ui4
      %6 = hlsc.bitcast %5 : ui4 -> vector<1xui4>
      %7 = hlsc.concat %4, %6 : vector<1xui4>, vector<1xui4> -> vector<2xui4>
      %8 = hlsc.not %1
      %9 = hlsc.load %buffer[%sf] when %8 : !hlsc.mem<3 x vector<2xui4>> -> vector<2xui4>
      hlsc.store %buffer[%sf], %7 when %1 : !hlsc.mem<3 x vector<2xui4>>, vector<2xui4>
      %10 = hlsc.select %1, %7, %9 : vector<2xui4>, vector<2xui4> -> vector<2xui4>
      %11 = hlsc.affine %nf * 3 + %sf
      %12 = hlsc.load %weights[%11] : !hlsc.mem<12 x vector<2x4xui1>> -> vector<2xui4>
      %13 = hlsc.slice %10 from 0 size 1 : vector<2xui4> -> vector<1xui4>
      %14 = hlsc.bitcast %13 : vector<1xui4> -> ui4
      %15 = hlsc.slice %10 from 1 size 1 : vector<2xui4> -> vector<1xui4>
      %16 = hlsc.bitcast %15 : vector<1xui4> -> ui4
      %17 = hlsc.xnor_popcount %14, %12 : ui4, vector<2xui4> -> vector<2xui3>
      %18 = hlsc.xnor_popcount %16, %12 : ui4, vector<2xui4> -> vector<2xui3>
      %19 = hlsc.shl %18 by 1 : vector<2xui3> -> vector<2xui4>
      %20 = hlsc.add %17, %19 : vector<2xui3>, vector<2xui4> -> vector<2xui5>
      %21 = hlsc.static_constant 0
      %22 = hlsc.cmp eq %sf, %21
      %23 = hlsc.not %22
      %24 = hlsc.load %acc when %23 : !hlsc.mem<1 x vector<2xui7>> -> vector<2xui7>
      %25 = hlsc.constant 0 : vector<2xui1>
      %26 = hlsc.select %22, %25, %24 : vector<2xui1>, vector<2xui7> -> vector<2xui7>
      %27 = hlsc.add %26, %20 : vector<2xui7>, vector<2xui5> -> vector<2xui8>
      %28 = hlsc.narrow %27 : vector<2xui8> -> vector<2xui7>
      hlsc.store %acc, %28 : !hlsc.mem<1 x vector<2xui7>>, vector<2xui7>
      %29 = hlsc.static_constant 2
      %30 = hlsc.cmp eq %sf, %29
      %31 = hlsc.load %thresholds[%nf] : !hlsc.mem<4 x vector<2x3xui5>> -> vector<2x3xui5>
      %32 = hlsc.count_ge %28, %31 : vector<2xui7>, vector<2x3xui5> -> vector<2xui2>
      hlsc.write %out0, %32 when %30 : !hlsc.out<vector<2xui2>>, vector<2xui2>
    }
  }
  hlsc.process @fc1_width(%in0: !hlsc.in<vector<2xui2>>, %out0: !hlsc.out<vector<4xui2>>) attributes {port_names = ["in0", "out0"]} {
    %last = hlsc.reg named "last" !hlsc.mem<1 x vector<2xui2>>
    hlsc.side @body (%frame, %g < 2, %k < 2) {
      %0 = hlsc.affine %k * 2 mod 4
      %1 = hlsc.static_constant 0
      %2 = hlsc.cmp gt %0, %1
      %3 = hlsc.load %last when %2 : !hlsc.mem<1 x vector<2xui2>> -> vector<2xui2>
      %4 = hlsc.constant 0 : vector<4xui1>
      %5 = hlsc.bitcast %4 : vector<4xui1> -> vector<2xui2>
      %6 = hlsc.select %2, %3, %5 : vector<2xui2>, vector<2xui2> -> vector<2xui2>
      %7 = hlsc.read %in0 : !hlsc.in<vector<2xui2>> -> vector<2xui2>
      %8 = hlsc.concat %6, %7 : vector<2xui2>, vector<2xui2> -> vector<4xui2>
      %9 = hlsc.slice %8 from 2 size 2 : vector<4xui2> -> vector<2xui2>
      hlsc.store %last, %9 : !hlsc.mem<1 x vector<2xui2>>, vector<2xui2>
      %10 = hlsc.static_constant 2
      %11 = hlsc.cmp ge %0, %10
      %12 = hlsc.slice %8 from 0 size 4 : vector<4xui2> -> vector<4xui2>
      hlsc.write %out0, %12 when %11 : !hlsc.out<vector<4xui2>>, vector<4xui2>
    }
  }
  hlsc.process @fc1(%in0: !hlsc.in<vector<4xui2>>, %out0: !hlsc.out<vector<2xsi6>>) attributes {port_names = ["in0", "out0"]} {
    %buffer = hlsc.ram named "buffer" !hlsc.mem<2 x vector<2xui4>>
    %start = hlsc.rom named "start" dense<[[-9, -6], [-9, -21], [-9, -12]]> : tensor<3x2xi8> as !hlsc.mem<3 x vector<2xsi6>>
    %weights = hlsc.rom named "weights" dense<[[[1, 0, 1, 0], [1, 0, 1, 1]], [[1, 0, 1, 1], [1, 0, 1, 1]], [[0, 0, 1, 0], [0, 0, 0, 1]], [[1, 1, 1, 1], [0, 0, 0, 0]], [[1, 1, 0, 1], [1, 1, 0, 0]], [[1, 1, 0, 0], [0, 1, 0, 1]]]> : tensor<6x2x4xi8> as !hlsc.mem<6 x vector<2x4xui1>>
    %acc = hlsc.reg named "acc" !hlsc.mem<1 x vector<2xsi7>>
    hlsc.side @body (%frame, %v < 1, %nf < 3, %sf < 2) {
      %0 = hlsc.static_constant 0
      %1 = hlsc.cmp eq %nf, %0
      %2 = hlsc.read %in0 when %1 : !hlsc.in<vector<4xui2>> -> vector<4xui2>
      %3 = hlsc.plane %2 bit 0 : vector<4xui2> -> ui4
      %4 = hlsc.bitcast %3 : ui4 -> vector<1xui4>
      %5 = hlsc.plane %2 bit 1 : vector<4xui2> -> ui4
      %6 = hlsc.bitcast %5 : ui4 -> vector<1xui4>
      %7 = hlsc.concat %4, %6 : vector<1xui4>, vector<1xui4> -> vector<2xui4>
      %8 = hlsc.not %1
      %9 = hlsc.load %buffer[%sf] when %8 : !hlsc.mem<2 x vector<2xui4>> -> vector<2xui4>
      hlsc.store %buffer[%sf], %7 when %1 : !hlsc.mem<2 x vector<2xui4>>, vector<2xui4>
      %10 = hlsc.select %1, %7, %9 : vector<2xui4>, vector<2xui4> -> vector<2xui4>
      %11 = hlsc.affine %nf * 2 + %sf
      %12 = hlsc.load %weights[%11] : !hlsc.mem<6 x vector<2x4xui1>> -> vector<2xui4>
      %13 = hlsc.slice %10 from 0 size 1 : vector<2xui4> -> vector<1xui4>
      %14 = hlsc.bitcast %13 : vector<1xui4> -> ui4
      %15 = hlsc.slice %10 from 1 size 1 : vector<2xui4> -> vector<1xui4>
      %16 = hlsc.bitcast %15 : vector<1xui4> -> ui4
      %17 = hlsc.xnor_popcount %14, %12 : ui4, vector<2xui4> -> vector<2xui3>
      %18 = hlsc.xnor_popcount %16, %12 : ui4, vector<2xui4> -> vector<2xui3>
      %19 = hlsc.shl %18 by 1 : vector<2xui3> -> vector<2xui4>
      %20 = hlsc.add %17, %19 : vector<2xui3>, vector<2xui4> -> vector<2xui5>
      %21 = hlsc.load %start[%nf] : !hlsc.mem<3 x vector<2xsi6>> -> vector<2xsi6>
      %22 = hlsc.static_constant 0
      %23 = hlsc.cmp eq %sf, %22
      %24 = hlsc.not %23
      %25 = hlsc.load %acc when %24 : !hlsc.mem<1 x vector<2xsi7>> -> vector<2xsi7>
      %26 = hlsc.select %23, %21, %25 : vector<2xsi6>, vector<2xsi7> -> vector<2xsi7>
      %27 = hlsc.add %26, %20 : vector<2xsi7>, vector<2xui5> -> vector<2xsi8>
      %28 = hlsc.narrow %27 : vector<2xsi8> -> vector<2xsi7>
      hlsc.store %acc, %28 : !hlsc.mem<1 x vector<2xsi7>>, vector<2xsi7>
      %29 = hlsc.narrow %28 : vector<2xsi7> -> vector<2xsi6>
      %30 = hlsc.static_constant 1
      %31 = hlsc.cmp eq %sf, %30
      hlsc.write %out0, %29 when %31 : !hlsc.out<vector<2xsi6>>, vector<2xsi6>
    }
  }
  hlsc.process @label_width(%in0: !hlsc.in<vector<2xsi6>>, %out0: !hlsc.out<vector<3xsi6>>) attributes {port_names = ["in0", "out0"]} {
    %last = hlsc.reg named "last" !hlsc.mem<1 x vector<2xsi6>>
    hlsc.side @body (%frame, %g < 1, %k < 3) {
      %0 = hlsc.affine %k * 2 mod 3
      %1 = hlsc.static_constant 0
      %2 = hlsc.cmp gt %0, %1
      %3 = hlsc.load %last when %2 : !hlsc.mem<1 x vector<2xsi6>> -> vector<2xsi6>
      %4 = hlsc.constant 0 : vector<12xui1>
      %5 = hlsc.bitcast %4 : vector<12xui1> -> vector<2xsi6>
      %6 = hlsc.select %2, %3, %5 : vector<2xsi6>, vector<2xsi6> -> vector<2xsi6>
      %7 = hlsc.read %in0 : !hlsc.in<vector<2xsi6>> -> vector<2xsi6>
      %8 = hlsc.concat %6, %7 : vector<2xsi6>, vector<2xsi6> -> vector<4xsi6>
      %9 = hlsc.slice %8 from 2 size 2 : vector<4xsi6> -> vector<2xsi6>
      hlsc.store %last, %9 : !hlsc.mem<1 x vector<2xsi6>>, vector<2xsi6>
      %10 = hlsc.static_constant 1
      %11 = hlsc.cmp ge %0, %10
      %12 = hlsc.affine -%0 + 2
      %13 = hlsc.static_constant 0
      %14 = hlsc.static_select %11, %12, %13
      %15 = hlsc.dynamic_slice %8[%14] size 3 : vector<4xsi6> -> vector<3xsi6>
      hlsc.write %out0, %15 when %11 : !hlsc.out<vector<3xsi6>>, vector<3xsi6>
    }
  }
  hlsc.process @label(%in0: !hlsc.in<vector<3xsi6>>, %out0: !hlsc.out<vector<1xui3>>) attributes {port_names = ["in0", "out0"]} {
    %lanes = hlsc.rom named "lanes" dense<[[0, 1, 2]]> : tensor<1x3xi8> as !hlsc.mem<1 x vector<3xui2>>
    %best = hlsc.reg named "best" !hlsc.mem<1 x vector<1xsi9>>
    hlsc.side @body (%frame, %v < 1, %t < 2) {
      %0 = hlsc.read %in0 : !hlsc.in<vector<3xsi6>> -> vector<3xsi6>
      %1 = hlsc.affine -%t * 3 + 7 mod 8
      %2 = hlsc.from_index %1 : ui3
      %3 = hlsc.load %lanes : !hlsc.mem<1 x vector<3xui2>> -> vector<3xui2>
      %4 = hlsc.sub %2, %3 : ui3, vector<3xui2> -> vector<3xsi4>
      %5 = hlsc.narrow %4 : vector<3xsi4> -> vector<3xui3>
      %6 = hlsc.shl %0 by 3 : vector<3xsi6> -> vector<3xsi9>
      %7 = hlsc.add %6, %5 : vector<3xsi9>, vector<3xui3> -> vector<3xsi10>
      %8 = hlsc.narrow %7 : vector<3xsi10> -> vector<3xsi9>
      %9 = hlsc.static_constant 0
      %10 = hlsc.cmp eq %t, %9
      %11 = hlsc.not %10
      %12 = hlsc.load %best when %11 : !hlsc.mem<1 x vector<1xsi9>> -> vector<1xsi9>
      %13 = hlsc.constant -256 : vector<1xsi9>
      %14 = hlsc.select %10, %13, %12 : vector<1xsi9>, vector<1xsi9> -> vector<1xsi9>
      %15 = hlsc.reduce_max %8 : vector<3xsi9> -> si9
      %16 = hlsc.max %14, %15 : vector<1xsi9>, si9 -> vector<1xsi9>
      hlsc.store %best, %16 : !hlsc.mem<1 x vector<1xsi9>>, vector<1xsi9>
      %17 = hlsc.bitcast %16 : vector<1xsi9> -> vector<9xui1>
      %18 = hlsc.slice %17 from 0 size 3 : vector<9xui1> -> vector<3xui1>
      %19 = hlsc.bitcast %18 : vector<3xui1> -> vector<1xui3>
      %20 = hlsc.constant 7 : ui3
      %21 = hlsc.sub %20, %19 : ui3, vector<1xui3> -> vector<1xsi4>
      %22 = hlsc.narrow %21 : vector<1xsi4> -> vector<1xui3>
      %23 = hlsc.static_constant 1
      %24 = hlsc.cmp ge %t, %23
      hlsc.write %out0, %22 when %24 : !hlsc.out<vector<1xui3>>, vector<1xui3>
    }
  }
  hlsc.process @pack_output(%in0: !hlsc.in<vector<1xui3>>, %out0: !hlsc.out<ui8>) attributes {port_names = ["in0", "out0"]} {
    hlsc.side @body (%frame, %i < 1) {
      %0 = hlsc.read %in0 : !hlsc.in<vector<1xui3>> -> vector<3xui1>
      %1 = hlsc.constant 0 : vector<5xui1>
      %2 = hlsc.concat %0, %1 : vector<3xui1>, vector<5xui1> -> vector<8xui1>
      %3 = hlsc.bitcast %2 : vector<8xui1> -> ui8
      hlsc.write %out0, %3 : !hlsc.out<ui8>, ui8
    }
  }
  hlsc.top @accelerator(%in0: !hlsc.chan<ui8>, %out0: !hlsc.chan<ui8>) attributes {interfaces = ["memory", "memory"], input_types = [!stream.chan<ui2 x 4, 3>], output_types = [!stream.chan<ui3 x 1, 1>], input_layouts = [#stream.layout<shape = [1, 12], perm = [0, 1], channels = 12>], output_layouts = [#stream.layout<shape = [1, 1], perm = [0, 1], channels = 1>], port_names = ["in0", "out0"]} {
    %0 = hlsc.channel "input_out" depth 2 : !hlsc.chan<vector<4xui2>>
    %1 = hlsc.channel "fc0_out" depth 2 : !hlsc.chan<vector<2xui2>>
    %2 = hlsc.channel "fc1_width_out" depth 2 : !hlsc.chan<vector<4xui2>>
    %3 = hlsc.channel "fc1_out" depth 2 : !hlsc.chan<vector<2xsi6>>
    %4 = hlsc.channel "label_width_out" depth 2 : !hlsc.chan<vector<3xsi6>>
    %5 = hlsc.channel "label_out" depth 2 : !hlsc.chan<vector<1xui3>>
    hlsc.call @unpack_input(%in0, %0) : !hlsc.chan<ui8>, !hlsc.chan<vector<4xui2>>
    hlsc.call @fc0(%0, %1) : !hlsc.chan<vector<4xui2>>, !hlsc.chan<vector<2xui2>>
    hlsc.call @fc1_width(%1, %2) : !hlsc.chan<vector<2xui2>>, !hlsc.chan<vector<4xui2>>
    hlsc.call @fc1(%2, %3) : !hlsc.chan<vector<4xui2>>, !hlsc.chan<vector<2xsi6>>
    hlsc.call @label_width(%3, %4) : !hlsc.chan<vector<2xsi6>>, !hlsc.chan<vector<3xsi6>>
    hlsc.call @label(%4, %5) : !hlsc.chan<vector<3xsi6>>, !hlsc.chan<vector<1xui3>>
    hlsc.call @pack_output(%5, %out0) : !hlsc.chan<vector<1xui3>>, !hlsc.chan<ui8>
  }
}
