// RUN: qnn-opt %s -t 'hls-cpp{file=cpp}' | filecheck %s

// Elements never straddle words, a row is read whole, the words of a table (addressed by data) hold one element each.

// CHECK:      // p_weights: 2 x 2 x 3 of ap_int<30>, 2 to a word
// CHECK-NEXT: static const rom_word<60>::type p_weights[2][2][2] = {
// CHECK-NEXT:   {{\{\{}}0xbfffffffULL, 0x3ULL}, {0x140000004ULL, 0x6ULL}},
// CHECK-NEXT:   {{\{\{}}0x200000007ULL, 0x9ULL}, {0x2c000000aULL, 0xcULL}}
// CHECK-NEXT: };
// CHECK:      // p_table: 1 x 4 of ap_int<3>
// CHECK-NEXT: static const rom_word<3>::type p_table[1][1][4] = {
// CHECK-NEXT:   {{\{\{}}0x7, 0x0, 0x1, 0x2}}
// CHECK-NEXT: };
// CHECK:      static void p(
// CHECK-NEXT: #pragma HLS ARRAY_PARTITION variable=p_weights complete dim=2
// CHECK-NEXT: #pragma HLS ARRAY_PARTITION variable=p_weights complete dim=3
// CHECK-NEXT: #pragma HLS BIND_STORAGE variable=p_weights type=rom_1p impl=bram
// CHECK:      total += (long long)(x_lanes[s].to_int()) * int(signed_element<30, 2>(p_weights[i][p_1], s));
// CHECK:      level[p_1] = p_table[0][0][x_lanes[p_1].to_int()];
builtin.module {
  hlsc.process @p(%in: !hlsc.in<vector<3xui2>>, %out: !hlsc.out<vector<2xsi34>>) {
    %w = hlsc.rom named "weights" dense<[[[-1, 2, 3], [4, 5, 6]], [[7, 8, 9], [10, 11, 12]]]> : tensor<2x2x3xi8>
        as !hlsc.mem<2 x vector<2x3xsi30>> style bram
    %t = hlsc.rom named "table" dense<[[-1, 0, 1, 2]]> : tensor<1x4xi8> as !hlsc.mem<1 x vector<4xsi3>>
    hlsc.side @main (%frame, %i < 2) {
      %x = hlsc.read %in : !hlsc.in<vector<3xui2>> -> vector<3xui2>
      %v = hlsc.load %w[%i] : !hlsc.mem<2 x vector<2x3xsi30>> -> vector<2x3xsi30>
      %d = hlsc.dot %x, %v : vector<3xui2>, vector<2x3xsi30> -> vector<2xsi34>
      %l = hlsc.lookup %t, %x lo 0 : !hlsc.mem<1 x vector<4xsi3>>, vector<3xui2> -> vector<3xsi3>
      %m = hlsc.reduce_max %l : vector<3xsi3> -> si3
      %y = hlsc.max %d, %m : vector<2xsi34>, si3 -> vector<2xsi34>
      hlsc.write %out, %y : !hlsc.out<vector<2xsi34>>, vector<2xsi34>
    }
  }
  hlsc.process @narrow(%in: !hlsc.in<vector<2xsi34>>, %out: !hlsc.out<ui128>) {
    hlsc.side @main (%frame, %i < 2) {
      %x = hlsc.read %in : !hlsc.in<vector<2xsi34>> -> vector<68xui1>
      %z = hlsc.constant 0 : vector<60xui1>
      %y = hlsc.concat %x, %z : vector<68xui1>, vector<60xui1> -> vector<128xui1>
      hlsc.write %out, %y : !hlsc.out<ui128>, vector<128xui1>
    }
  }
  hlsc.process @widen(%in: !hlsc.in<ui8>, %out: !hlsc.out<vector<3xui2>>) {
    hlsc.side @main (%frame, %i < 2) {
      %x = hlsc.read %in : !hlsc.in<ui8> -> vector<8xui1>
      %y = hlsc.slice %x from 0 size 6 : vector<8xui1> -> vector<6xui1>
      hlsc.write %out, %y : !hlsc.out<vector<3xui2>>, vector<6xui1>
    }
  }
  hlsc.top @net(%x: !hlsc.chan<ui8>, %y: !hlsc.chan<ui128>) attributes {interfaces = ["axis", "axis"],
      input_types = [!stream.chan<ui2 x 3, 2>], output_types = [!stream.chan<si34 x 2, 2>]} {
    %a = hlsc.channel "a" depth 2 : !hlsc.chan<vector<3xui2>>
    %b = hlsc.channel "b" depth 16 : !hlsc.chan<vector<2xsi34>>
    hlsc.call @widen(%x, %a) : !hlsc.chan<ui8>, !hlsc.chan<vector<3xui2>>
    hlsc.call @p(%a, %b) : !hlsc.chan<vector<3xui2>>, !hlsc.chan<vector<2xsi34>>
    hlsc.call @narrow(%b, %y) : !hlsc.chan<vector<2xsi34>>, !hlsc.chan<ui128>
  }
}
