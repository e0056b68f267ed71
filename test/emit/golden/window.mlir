builtin.module attributes {qnn.pipeline = "convert-stream-to-hlsc,hlsc-pack-bits,hlsc-verify-processes,hlsc-legalize-names"} {
  hlsc.process @unpack_input(%in0: !hlsc.in<ui8>, %out0: !hlsc.out<vector<2xui2>>) attributes {port_names = ["in0", "out0"]} {
    hlsc.side @body (%frame, %i < 60) {
      %0 = hlsc.read %in0 : !hlsc.in<ui8> -> vector<8xui1>
      %1 = hlsc.slice %0 from 0 size 4 : vector<8xui1> -> vector<4xui1>
      %2 = hlsc.bitcast %1 : vector<4xui1> -> vector<2xui2>
      hlsc.write %out0, %2 : !hlsc.out<vector<2xui2>>, vector<2xui2>
    }
  }
  hlsc.process @window(%in0: !hlsc.in<vector<2xui2>>, %out0: !hlsc.out<vector<2xui2>>) attributes {port_names = ["in0", "out0"]} {
    %lines = hlsc.ram named "lines" !hlsc.mem<30 x vector<2xui2>>
    hlsc.side @fill (%frame, %i < 60) {
      %0 = hlsc.affine %i + %frame * 60
      hlsc.position %0
      %1 = hlsc.affine %i + %frame * 60 - 30
      hlsc.await @emit > %1
      %2 = hlsc.read %in0 : !hlsc.in<vector<2xui2>> -> vector<2xui2>
      %3 = hlsc.affine %i + %frame * 60 mod 30
      hlsc.store %lines[%3], %2 : !hlsc.mem<30 x vector<2xui2>>, vector<2xui2>
    }
    hlsc.side @emit (%frame_1, %oy < 6, %ox < 5, %ky < 3, %kx < 3, %c < 2) {
      %4 = hlsc.affine %oy * 10 + %ox * 2 - 12
      %5 = hlsc.affine %4 + %frame_1 * 60
      hlsc.position %5
      %6 = hlsc.affine %oy + %ky - 1
      %7 = hlsc.static_constant 0
      %8 = hlsc.cmp ge %6, %7
      %9 = hlsc.static_constant 6
      %10 = hlsc.cmp lt %6, %9
      %11 = hlsc.affine %ox + %kx - 1
      %12 = hlsc.static_constant 0
      %13 = hlsc.cmp ge %11, %12
      %14 = hlsc.static_constant 5
      %15 = hlsc.cmp lt %11, %14
      %16 = hlsc.and %8, %10
      %17 = hlsc.and %16, %13
      %18 = hlsc.and %17, %15
      %19 = hlsc.not %18
      %20 = hlsc.static_constant 0
      %21 = hlsc.cmp le %4, %20
      %22 = hlsc.and %19, %21
      %23 = hlsc.affine %frame_1 * 60
      hlsc.await @fill > %23 when %22
      %24 = hlsc.affine %4 + %ky * 10 + %kx * 2 + %c + %frame_1 * 60
      hlsc.await @fill > %24 when %18
      %25 = hlsc.affine %4 + %ky * 10 + %kx * 2 + %c + %frame_1 * 60 mod 30
      %26 = hlsc.load %lines[%25] when %18 : !hlsc.mem<30 x vector<2xui2>> -> vector<2xui2>
      %27 = hlsc.constant 2 : vector<2xui2>
      %28 = hlsc.select %18, %26, %27 : vector<2xui2>, vector<2xui2> -> vector<2xui2>
      hlsc.write %out0, %28 : !hlsc.out<vector<2xui2>>, vector<2xui2>
    }
  }
  hlsc.process @pack_output(%in0: !hlsc.in<vector<2xui2>>, %out0: !hlsc.out<ui8>) attributes {port_names = ["in0", "out0"]} {
    hlsc.side @body (%frame, %i < 540) {
      %0 = hlsc.read %in0 : !hlsc.in<vector<2xui2>> -> vector<4xui1>
      %1 = hlsc.constant 0 : vector<4xui1>
      %2 = hlsc.concat %0, %1 : vector<4xui1>, vector<4xui1> -> vector<8xui1>
      %3 = hlsc.bitcast %2 : vector<8xui1> -> ui8
      hlsc.write %out0, %3 : !hlsc.out<ui8>, ui8
    }
  }
  hlsc.top @accelerator(%in0: !hlsc.chan<ui8>, %out0: !hlsc.chan<ui8>) attributes {interfaces = ["axis", "axis"], input_types = [!stream.chan<ui2 x 2, 60>], output_types = [!stream.chan<ui2 x 2, 540>], input_layouts = [#stream.layout<shape = [120], perm = [0], channels = 120>], output_layouts = [#stream.layout<shape = [1080], perm = [0], channels = 1080>], port_names = ["in0", "out0"]} {
    %0 = hlsc.channel "input_out" depth 2 : !hlsc.chan<vector<2xui2>>
    %1 = hlsc.channel "window_out" depth 2 : !hlsc.chan<vector<2xui2>>
    hlsc.call @unpack_input(%in0, %0) : !hlsc.chan<ui8>, !hlsc.chan<vector<2xui2>>
    hlsc.call @window(%0, %1) : !hlsc.chan<vector<2xui2>>, !hlsc.chan<vector<2xui2>>
    hlsc.call @pack_output(%1, %out0) : !hlsc.chan<vector<2xui2>>, !hlsc.chan<ui8>
  }
}
