// RUN: echo '{"fc0": {"pe": 2, "simd": 4, "memory": "external"}, "fc1": {"pe": 1, "simd": 2, "memory": "bram"}}' > %t
// RUN: qnn-opt %s -p 'stream-fold{folding-file="%t"}' | filecheck %s
// RUN: qnn-opt %s -p 'stream-fold{folding-file="%t"},stream-insert-width-converters,convert-stream-to-hlsc,hlsc-legalize-names' | filecheck %s --check-prefix=HLSC
// RUN: qnn-opt %s -p 'stream-fold{folding-file="%t"},stream-insert-width-converters,convert-stream-to-hlsc,hlsc-pack-bits,hlsc-legalize-names' -t 'hls-cpp{file=cpp}' | filecheck %s --check-prefix=CPP

// The sums of loaded weights have room for all weights of the type (-2 to 1), and so has the next layer.
// What padding added to the matrix is remembered.

// CHECK:      %a = stream.mvtu "fc0" %x weights({{.*}} : tensor<4x8xi8> as si2) accumulator(si7)
// CHECK-SAME: memory = #stream<memory external>, rows_from = array<i64: 0, 1, 2, 3>
// CHECK-SAME: columns_from = array<i64: 0, 1, 2, 3, 4, 5, -1, -1>
// CHECK-SAME: -> !stream.chan<si7 x 2, 2>
// CHECK:      stream.mvtu "fc1" {{.*}} {{.*}}memory = #stream<memory bram>

// A process of its own goes through the memory: all tiles for every vector, a tile in the lowest bits of a word.

// HLSC:      hlsc.process @fc0_load(%out0: !hlsc.out<vector<2x4xsi2>>, %tiles: !hlsc.mem<4 x ui16>)
// HLSC-NEXT:   hlsc.side @body (%frame, %v < 1, %i < 4) {
// HLSC-NEXT:     [[WORD:%\d+]] = hlsc.load %tiles[%i] : !hlsc.mem<4 x ui16> -> vector<16xui1>
// HLSC-NEXT:     [[TILE:%\d+]] = hlsc.bitcast [[WORD]] : vector<16xui1> -> vector<2x4xsi2>
// HLSC-NEXT:     hlsc.write %out0, [[TILE]]
// HLSC:      hlsc.process @fc0(%in0: !hlsc.in<vector<4xui2>>, %in1: !hlsc.in<vector<2x4xsi2>>, %out0: !hlsc.out<vector<2xsi7>>)
// HLSC:        hlsc.read %in1 : !hlsc.in<vector<2x4xsi2>> -> vector<2x4xsi2>
// HLSC:      hlsc.process @fc1(
// HLSC:        hlsc.rom named "weights" {{.*}} style bram
// HLSC:      hlsc.top @accelerator(%in0: !hlsc.chan<ui8>, %out0: !hlsc.chan<ui8>, %fc0_weights: !hlsc.mem<4 x ui16>)
// HLSC-SAME: interfaces = ["axis", "axis", "memory"]
// HLSC-SAME: memory_data = [dense<{{.*}}> : tensor<4x2x4xi8>], memory_types = [vector<2x4xsi2>]
// HLSC:        hlsc.call @fc0_load(%{{.*}}, %fc0_weights)

// CPP:      static void fc0_load(hls::stream<ap_uint<16> > &out0, const ap_uint<16> tiles[4], const unsigned frames) {
// CPP:      tiles[i]
// CPP:      #pragma HLS BIND_STORAGE variable=fc1_weights type=rom_1p impl=bram
// CPP:      const ap_uint<16> fc0_weights[4]) {
// CPP:      #pragma HLS INTERFACE m_axi port=fc0_weights offset=slave bundle=gmem2 depth=4
// CPP-NEXT: #pragma HLS INTERFACE s_axilite port=fc0_weights bundle=control
// CPP:      fc0_load(fc0_weights_out, fc0_weights, frames);
stream.graph @accelerator (%x: !stream.chan<ui2 x 1, 6>) -> (!stream.chan<si6 x 1, 2>)
    inputs([#stream.layout<shape = [1, 6], perm = [0, 1], channels = 6>])
    outputs([#stream.layout<shape = [1, 2], perm = [0, 1], channels = 2>]) {
  %a = stream.mvtu "fc0" %x weights(dense<[[1, 1, 0, 1, -1, 1], [0, 1, 0, 1, 0, 1], [1, 0, 1, 0, 1, 0], [0, 0, 0, 1, 1, 1]]>
    : tensor<4x6xi8> as si2) accumulator(si5) : !stream.chan<ui2 x 1, 6> -> !stream.chan<si5 x 1, 4>
  %b = stream.mvtu "fc1" %a weights(dense<[[1, 0, -1, 0], [0, 1, 0, -1]]> : tensor<2x4xi8> as si2) accumulator(si7)
    : !stream.chan<si5 x 1, 4> -> !stream.chan<si6 x 1, 2>
  stream.output %b : !stream.chan<si6 x 1, 2>
}
