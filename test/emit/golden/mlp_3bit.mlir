builtin.module attributes {qnn.pipeline = "stream-fold{pe=2 simd=4},stream-insert-width-converters,convert-stream-to-hlsc,hlsc-pack-bits,hlsc-legalize-names", dlti.target_system_spec = #dlti.target_system_spec<"fpga" = #dlti.target_device_spec<"board" = "pynq-z1", "part" = "xc7z020clg400-1", "clock_ns" = 1.000000e+01 : f64, "luts" = 53200 : i64, "ffs" = 106400 : i64, "bram18" = 280 : i64, "dsps" = 220 : i64, "urams" = 0 : i64>>} {
  hlsc.process @unpack_input(%in0: !hlsc.in<ui8>, %out0: !hlsc.out<vector<4xui2>>) attributes {port_names = ["in0", "out0"]} {
    hlsc.side @body (%frame, %i < 3) {
      %0 = hlsc.read %in0 : !hlsc.in<ui8> -> vector<8xui1>
      %1 = hlsc.bitcast %0 : vector<8xui1> -> vector<4xui2>
      hlsc.write %out0, %1 : !hlsc.out<vector<4xui2>>, vector<4xui2>
    }
  }
  hlsc.process @fc0(%in0: !hlsc.in<vector<4xui2>>, %out0: !hlsc.out<vector<2xui2>>) attributes {port_names = ["in0", "out0"]} {
    %buffer = hlsc.ram named "buffer" !hlsc.mem<3 x vector<4xui2>>
    %weights = hlsc.rom named "weights" dense<[[[2, 1, 0, -2], [0, 1, 3, 2]], [[-1, -3, -3, -3], [1, 0, 0, 3]], [[-2, 2, 1, 3], [-2, 2, 1, -3]], [[-1, 3, 0, -3], [-3, -1, 0, -1]], [[2, 2, 2, -2], [-1, -3, -3, -3]], [[-3, 3, -3, 0], [-3, 1, 0, 1]], [[-2, 1, 2, -1], [2, 1, 1, -1]], [[0, 3, 2, 3], [3, -3, 1, 2]], [[-1, 1, 3, 1], [2, 0, -1, -1]], [[-1, 0, 2, 3], [2, 1, 0, -1]], [[-3, 3, 0, -1], [2, -1, -1, 3]], [[1, 1, -2, -1], [-2, -2, 1, 1]]]> : tensor<12x2x4xi8> as !hlsc.mem<12 x vector<2x4xsi3>>
    %acc = hlsc.reg named "acc" !hlsc.mem<1 x vector<2xsi8>>
    %thresholds = hlsc.rom named "thresholds" dense<[[[-8, -7, -2], [-2, 5, 6]], [[-4, -3, 5], [-8, -7, 6]], [[-3, 1, 3], [-6, -1, 6]], [[3, 5, 7], [-8, -5, 5]]]> : tensor<4x2x3xi8> as !hlsc.mem<4 x vector<2x3xsi4>>
    hlsc.side @body (%frame, %v < 1, %nf < 4, %sf < 3) {
      %0 = hlsc.static_constant 0
      %1 = hlsc.cmp eq %nf, %0
      %2 = hlsc.read %in0 when %1 : !hlsc.in<vector<4xui2>> -> vector<4xui2>
      %3 = hlsc.not %1
      %4 = hlsc.load %buffer[%sf] when %3 : !hlsc.mem<3 x vector<4xui2>> -> vector<4xui2>
      hlsc.store %buffer[%sf], %2 when %1 : !hlsc.mem<3 x vector<4xui2>>, vector<4xui2>
      %5 = hlsc.select %1, %2, %4 : vector<4xui2>, vector<4xui2> -> vector<4xui2>
      %6 = hlsc.affine %nf * 3 + %sf
      %7 = hlsc.load %weights[%6] : !hlsc.mem<12 x vector<2x4xsi3>> -> vector<2x4xsi3>
      %8 = hlsc.dot %5, %7 : vector<4xui2>, vector<2x4xsi3> -> vector<2xsi7>
      %9 = hlsc.static_constant 0
      %10 = hlsc.cmp eq %sf, %9
      %11 = hlsc.not %10
      %12 = hlsc.load %acc when %11 : !hlsc.mem<1 x vector<2xsi8>> -> vector<2xsi8>
      %13 = hlsc.constant 0 : vector<2xui1>
      %14 = hlsc.select %10, %13, %12 : vector<2xui1>, vector<2xsi8> -> vector<2xsi8>
      %15 = hlsc.add %14, %8 : vector<2xsi8>, vector<2xsi7> -> vector<2xsi9>
      %16 = hlsc.narrow %15 : vector<2xsi9> -> vector<2xsi8>
      hlsc.store %acc, %16 : !hlsc.mem<1 x vector<2xsi8>>, vector<2xsi8>
      %17 = hlsc.static_constant 2
      %18 = hlsc.cmp eq %sf, %17
      %19 = hlsc.load %thresholds[%nf] : !hlsc.mem<4 x vector<2x3xsi4>> -> vector<2x3xsi4>
      %20 = hlsc.count_ge %16, %19 : vector<2xsi8>, vector<2x3xsi4> -> vector<2xui2>
      hlsc.write %out0, %20 when %18 : !hlsc.out<vector<2xui2>>, vector<2xui2>
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
  hlsc.process @fc1(%in0: !hlsc.in<vector<4xui2>>, %out0: !hlsc.out<vector<2xsi7>>) attributes {port_names = ["in0", "out0"]} {
    %buffer = hlsc.ram named "buffer" !hlsc.mem<2 x vector<4xui2>>
    %weights = hlsc.rom named "weights" dense<[[[0, -1, 3, -2], [3, -1, 3, 1]], [[3, -3, 1, 1], [3, -2, 2, 3]], [[-3, -1, 1, -3], [-1, 0, 0, 3]], [[0, 1, 2, 3], [-2, 0, -3, -1]], [[3, 1, -1, 3], [2, 2, -1, 0]], [[1, 3, -3, 0], [-1, 0, -2, 2]], [[0, 0, 0, 0], [0, 0, 0, 0]], [[0, 0, 0, 0], [0, 0, 0, 0]]]> : tensor<8x2x4xi8> as !hlsc.mem<8 x vector<2x4xsi3>>
    %acc = hlsc.reg named "acc" !hlsc.mem<1 x vector<2xsi7>>
    hlsc.side @body (%frame, %v < 1, %nf < 4, %sf < 2) {
      %0 = hlsc.static_constant 0
      %1 = hlsc.cmp eq %nf, %0
      %2 = hlsc.read %in0 when %1 : !hlsc.in<vector<4xui2>> -> vector<4xui2>
      %3 = hlsc.not %1
      %4 = hlsc.load %buffer[%sf] when %3 : !hlsc.mem<2 x vector<4xui2>> -> vector<4xui2>
      hlsc.store %buffer[%sf], %2 when %1 : !hlsc.mem<2 x vector<4xui2>>, vector<4xui2>
      %5 = hlsc.select %1, %2, %4 : vector<4xui2>, vector<4xui2> -> vector<4xui2>
      %6 = hlsc.affine %nf * 2 + %sf
      %7 = hlsc.load %weights[%6] : !hlsc.mem<8 x vector<2x4xsi3>> -> vector<2x4xsi3>
      %8 = hlsc.dot %5, %7 : vector<4xui2>, vector<2x4xsi3> -> vector<2xsi7>
      %9 = hlsc.static_constant 0
      %10 = hlsc.cmp eq %sf, %9
      %11 = hlsc.not %10
      %12 = hlsc.load %acc when %11 : !hlsc.mem<1 x vector<2xsi7>> -> vector<2xsi7>
      %13 = hlsc.constant 0 : vector<2xui1>
      %14 = hlsc.select %10, %13, %12 : vector<2xui1>, vector<2xsi7> -> vector<2xsi7>
      %15 = hlsc.add %14, %8 : vector<2xsi7>, vector<2xsi7> -> vector<2xsi8>
      %16 = hlsc.narrow %15 : vector<2xsi8> -> vector<2xsi7>
      hlsc.store %acc, %16 : !hlsc.mem<1 x vector<2xsi7>>, vector<2xsi7>
      %17 = hlsc.static_constant 1
      %18 = hlsc.cmp eq %sf, %17
      hlsc.write %out0, %16 when %18 : !hlsc.out<vector<2xsi7>>, vector<2xsi7>
    }
  }
  hlsc.process @label_width(%in0: !hlsc.in<vector<2xsi7>>, %out0: !hlsc.out<vector<4xsi7>>) attributes {port_names = ["in0", "out0"]} {
    %last = hlsc.reg named "last" !hlsc.mem<1 x vector<2xsi7>>
    hlsc.side @body (%frame, %g < 2, %k < 2) {
      %0 = hlsc.affine %k * 2 mod 4
      %1 = hlsc.static_constant 0
      %2 = hlsc.cmp gt %0, %1
      %3 = hlsc.load %last when %2 : !hlsc.mem<1 x vector<2xsi7>> -> vector<2xsi7>
      %4 = hlsc.constant 0 : vector<14xui1>
      %5 = hlsc.bitcast %4 : vector<14xui1> -> vector<2xsi7>
      %6 = hlsc.select %2, %3, %5 : vector<2xsi7>, vector<2xsi7> -> vector<2xsi7>
      %7 = hlsc.read %in0 : !hlsc.in<vector<2xsi7>> -> vector<2xsi7>
      %8 = hlsc.concat %6, %7 : vector<2xsi7>, vector<2xsi7> -> vector<4xsi7>
      %9 = hlsc.slice %8 from 2 size 2 : vector<4xsi7> -> vector<2xsi7>
      hlsc.store %last, %9 : !hlsc.mem<1 x vector<2xsi7>>, vector<2xsi7>
      %10 = hlsc.static_constant 2
      %11 = hlsc.cmp ge %0, %10
      %12 = hlsc.slice %8 from 0 size 4 : vector<4xsi7> -> vector<4xsi7>
      hlsc.write %out0, %12 when %11 : !hlsc.out<vector<4xsi7>>, vector<4xsi7>
    }
  }
  hlsc.process @label(%in0: !hlsc.in<vector<4xsi7>>, %out0: !hlsc.out<vector<1xui3>>) attributes {port_names = ["in0", "out0"]} {
    %lanes = hlsc.rom named "lanes" dense<[[0, 1, 2, 3]]> : tensor<1x4xi8> as !hlsc.mem<1 x vector<4xui2>>
    %best = hlsc.reg named "best" !hlsc.mem<1 x vector<1xsi10>>
    hlsc.side @body (%frame, %v < 1, %t < 2) {
      %0 = hlsc.read %in0 : !hlsc.in<vector<4xsi7>> -> vector<4xsi7>
      %1 = hlsc.affine -%t * 4 + 7 mod 8
      %2 = hlsc.from_index %1 : ui3
      %3 = hlsc.load %lanes : !hlsc.mem<1 x vector<4xui2>> -> vector<4xui2>
      %4 = hlsc.sub %2, %3 : ui3, vector<4xui2> -> vector<4xsi4>
      %5 = hlsc.narrow %4 : vector<4xsi4> -> vector<4xui3>
      %6 = hlsc.shl %0 by 3 : vector<4xsi7> -> vector<4xsi10>
      %7 = hlsc.add %6, %5 : vector<4xsi10>, vector<4xui3> -> vector<4xsi11>
      %8 = hlsc.narrow %7 : vector<4xsi11> -> vector<4xsi10>
      %9 = hlsc.constant 2 : ui2
      %10 = hlsc.greater_equal %5, %9 : vector<4xui3>, ui2 -> vector<4xui1>
      %11 = hlsc.constant -512 : vector<4xsi10>
      %12 = hlsc.mux %10, %8, %11 : vector<4xui1>, vector<4xsi10>, vector<4xsi10> -> vector<4xsi10>
      %13 = hlsc.static_constant 0
      %14 = hlsc.cmp eq %t, %13
      %15 = hlsc.not %14
      %16 = hlsc.load %best when %15 : !hlsc.mem<1 x vector<1xsi10>> -> vector<1xsi10>
      %17 = hlsc.constant -512 : vector<1xsi10>
      %18 = hlsc.select %14, %17, %16 : vector<1xsi10>, vector<1xsi10> -> vector<1xsi10>
      %19 = hlsc.reduce_max %12 : vector<4xsi10> -> si10
      %20 = hlsc.max %18, %19 : vector<1xsi10>, si10 -> vector<1xsi10>
      hlsc.store %best, %20 : !hlsc.mem<1 x vector<1xsi10>>, vector<1xsi10>
      %21 = hlsc.bitcast %20 : vector<1xsi10> -> vector<10xui1>
      %22 = hlsc.slice %21 from 0 size 3 : vector<10xui1> -> vector<3xui1>
      %23 = hlsc.bitcast %22 : vector<3xui1> -> vector<1xui3>
      %24 = hlsc.constant 7 : ui3
      %25 = hlsc.sub %24, %23 : ui3, vector<1xui3> -> vector<1xsi4>
      %26 = hlsc.narrow %25 : vector<1xsi4> -> vector<1xui3>
      %27 = hlsc.static_constant 1
      %28 = hlsc.cmp ge %t, %27
      hlsc.write %out0, %26 when %28 : !hlsc.out<vector<1xui3>>, vector<1xui3>
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
  hlsc.top @accelerator(%in0: !hlsc.chan<ui8>, %out0: !hlsc.chan<ui8>) attributes {interfaces = ["axis", "axis"], input_types = [!stream.chan<ui2 x 4, 3>], output_types = [!stream.chan<ui3 x 1, 1>], input_layouts = [#stream.layout<shape = [1, 12], perm = [0, 1], channels = 12>], output_layouts = [#stream.layout<shape = [1, 1], perm = [0, 1], channels = 1>], port_names = ["in0", "out0"]} {
    %0 = hlsc.channel "input_out" depth 2 : !hlsc.chan<vector<4xui2>>
    %1 = hlsc.channel "fc0_out" depth 2 : !hlsc.chan<vector<2xui2>>
    %2 = hlsc.channel "fc1_width_out" depth 2 : !hlsc.chan<vector<4xui2>>
    %3 = hlsc.channel "fc1_out" depth 2 : !hlsc.chan<vector<2xsi7>>
    %4 = hlsc.channel "label_width_out" depth 2 : !hlsc.chan<vector<4xsi7>>
    %5 = hlsc.channel "label_out" depth 2 : !hlsc.chan<vector<1xui3>>
    hlsc.call @unpack_input(%in0, %0) : !hlsc.chan<ui8>, !hlsc.chan<vector<4xui2>>
    hlsc.call @fc0(%0, %1) : !hlsc.chan<vector<4xui2>>, !hlsc.chan<vector<2xui2>>
    hlsc.call @fc1_width(%1, %2) : !hlsc.chan<vector<2xui2>>, !hlsc.chan<vector<4xui2>>
    hlsc.call @fc1(%2, %3) : !hlsc.chan<vector<4xui2>>, !hlsc.chan<vector<2xsi7>>
    hlsc.call @label_width(%3, %4) : !hlsc.chan<vector<2xsi7>>, !hlsc.chan<vector<4xsi7>>
    hlsc.call @label(%4, %5) : !hlsc.chan<vector<4xsi7>>, !hlsc.chan<vector<1xui3>>
    hlsc.call @pack_output(%5, %out0) : !hlsc.chan<vector<1xui3>>, !hlsc.chan<ui8>
  }
}
