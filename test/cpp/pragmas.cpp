// A small accelerator with every kind of pragma that the checker knows; correct as it stands.
#include "ap_int.h"
#include "hls_stream.h"

static const unsigned kLanes = 4;
static const unsigned kRows = 8;
static const ap_uint<64> fc0_weights[kRows][2 * kLanes] = {{0x1ull, 2}, {3, 4}};

struct pair {
  ap_uint<2> low, high;
};

static ap_int<16> dot(const ap_uint<8> x, const ap_uint<64> w) {
#pragma HLS INLINE
  ap_int<16> sum = 0;
#pragma HLS BIND_OP variable=sum op=add impl=fabric latency=0
  for (int i = 0; i < 8; ++i) {
#pragma HLS UNROLL factor=4 skip_exit_check
    sum += x[i] ? w.range(8 * i + 7, 8 * i).to_int() : 0;
  }
  return sum;
}

static void fc0(hls::stream<ap_uint<8> > &in, hls::stream<ap_uint<16>, 4> &out, const unsigned frames) {
#pragma HLS ARRAY_PARTITION variable=fc0_weights type=cyclic factor=kLanes dim=2
#pragma HLS BIND_STORAGE variable=fc0_weights type=rom_2p impl=lutram latency=1
  ap_uint<8> buffer[kRows][6];
#pragma HLS ARRAY_RESHAPE variable=buffer block factor=3 dim=2
#pragma HLS BIND_STORAGE variable=buffer type=ram_2p
#pragma HLS DEPENDENCE variable=buffer type=inter direction=RAW dependent=false
  pair both;
#pragma HLS AGGREGATE variable=both compact=bit
  ap_int<16> sums[3];
#pragma HLS ARRAY_PARTITION variable=sums complete dim=0
  for (unsigned frame = 0; frame < frames; ++frame) {
#pragma HLS LOOP_TRIPCOUNT min=1 avg=4 max=100
    for (unsigned nf = 0; nf < kRows; ++nf) {
#pragma HLS PIPELINE II=1 style=flp rewind
#pragma HLS LOOP_FLATTEN
      ap_uint<8> x = nf == 0 ? in.read() : buffer[nf][0];
      buffer[nf][0] = x;
      sums[0] = dot(x, fc0_weights[nf][0]);
      both.low = both.high = 1;
      if (nf + 1 == kRows) {
        out.write(sums[0]);
      }
    }
  }
}

static void emit(hls::stream<ap_uint<16> > &in, hls::stream<ap_uint<16> > &out, const unsigned frames) {
  for (unsigned frame = 0; frame < frames; ++frame) {
#pragma HLS PIPELINE II=2
    ap_uint<16> x;
    in >> x;
    out << x;
  }
}

static void load(const ap_uint<8> *words, hls::stream<ap_uint<8> > &out, const unsigned frames) {
#pragma HLS LATENCY min=1 max=10
#pragma HLS ALLOCATION operation instances=mul limit=2
  for (unsigned i = 0; i < frames; ++i) out.write(words[i]);
}

extern "C" {
void net(const ap_uint<8> *words, hls::stream<ap_uint<16> > &result, const unsigned frames) {
#pragma HLS INTERFACE mode=m_axi port=words bundle=gmem0 offset=slave depth=1024
#pragma HLS INTERFACE axis port=result register_mode=both register
#pragma HLS INTERFACE mode=s_axilite port=frames bundle=control
#pragma HLS INTERFACE mode=s_axilite port=return bundle=control
#pragma HLS STABLE variable=frames
#pragma HLS DATAFLOW
  hls::stream<ap_uint<8> > c0("c0");
#pragma HLS STREAM variable=c0 depth=2 type=fifo
#pragma HLS BIND_STORAGE variable=c0 type=fifo impl=srl
  hls::stream<ap_uint<16>, 4> c1("c1");
#pragma HLS STREAM variable=c1 depth=2 * kLanes
#ifdef QNN_SIM_DEPTHS
  hls::sim::run({[&] { load(words, c0, frames); }});
#else
  load(words, c0, frames);
  fc0(c0, c1, frames);
  emit(c1, result, frames);
#endif
}
}
