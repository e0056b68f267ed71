// RUN: qnn-opt %s -t 'hls-cpp' | filecheck %s

// The top has declarations and calls only; memory ports get a process each; part and clock come from the device.

// CHECK:      // ----- 8< ----- FILE "net.cpp" ----- 8< -----
// CHECK:      void net(const unsigned frames, const ap_uint<16> *x, ap_uint<16> *y) {
// CHECK-NEXT: #pragma HLS INTERFACE m_axi port=x offset=slave bundle=gmem0 depth=16
// CHECK-NEXT: #pragma HLS INTERFACE s_axilite port=x bundle=control
// CHECK-NEXT: #pragma HLS INTERFACE m_axi port=y offset=slave bundle=gmem1 depth=16
// CHECK-NEXT: #pragma HLS INTERFACE s_axilite port=y bundle=control
// CHECK-NEXT: #pragma HLS INTERFACE s_axilite port=frames bundle=control
// CHECK-NEXT: #pragma HLS INTERFACE s_axilite port=return bundle=control
// CHECK-NEXT: #pragma HLS DATAFLOW
// CHECK-NEXT:   hls::stream<ap_uint<16> > x_words("x_words");
// CHECK-NEXT: #pragma HLS STREAM variable=x_words depth=2
// CHECK-NEXT:   hls::stream<ap_uint<16> > y_words("y_words");
// CHECK-NEXT: #pragma HLS STREAM variable=y_words depth=2
// CHECK-NEXT:   hls::stream<ap_uint<16> > between("between");
// CHECK-NEXT: #pragma HLS STREAM variable=between depth=7
// CHECK-NEXT:   read_words(x, x_words, x_words_per_frame, frames);
// CHECK-NEXT:   copy(x_words, between, frames);
// CHECK-NEXT:   copy(between, y_words, frames);
// CHECK-NEXT:   write_words(y_words, y, y_words_per_frame, frames);
// CHECK-NEXT: }
// CHECK:      // ----- 8< ----- FILE "net.h" ----- 8< -----
// CHECK:      //   x: input, 8 words of 16 bits per frame
// CHECK:      static const unsigned x_words_per_frame = 8;
// CHECK:      // ----- 8< ----- FILE "tb.cpp" ----- 8< -----
// CHECK:      between.set_depth(7);
// CHECK:      // ----- 8< ----- FILE "run_hls.tcl" ----- 8< -----
// CHECK:      set_part "xczu7ev-ffvc1156-2-e"
// CHECK-NEXT: create_clock -period 4.5 -name default
builtin.module attributes {dlti.target_system_spec = #dlti.target_system_spec<"fpga" = #dlti.target_device_spec<
    "board" = "zcu104", "part" = "xczu7ev-ffvc1156-2-e", "clock_ns" = 4.5 : f64, "luts" = 230400 : i64,
    "ffs" = 460800 : i64, "bram18" = 624 : i64, "dsps" = 1728 : i64, "urams" = 96 : i64>>} {
  hlsc.process @copy(%in: !hlsc.in<ui16>, %out: !hlsc.out<ui16>) {
    hlsc.side @main (%frame, %i < 8) {
      %x = hlsc.read %in : !hlsc.in<ui16> -> ui16
      hlsc.write %out, %x : !hlsc.out<ui16>, ui16
    }
  }
  hlsc.top @net(%x: !hlsc.chan<ui16>, %y: !hlsc.chan<ui16>) attributes {interfaces = ["memory", "memory"],
      input_types = [!stream.chan<ui16 x 1, 8>], output_types = [!stream.chan<ui16 x 1, 8>]} {
    %c = hlsc.channel "between" depth 7 : !hlsc.chan<ui16>
    hlsc.call @copy(%x, %c) : !hlsc.chan<ui16>, !hlsc.chan<ui16>
    hlsc.call @copy(%c, %y) : !hlsc.chan<ui16>, !hlsc.chan<ui16>
  }
}
