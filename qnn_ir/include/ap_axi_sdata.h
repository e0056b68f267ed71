// Words of AXI4-Stream with side channels for C simulation: ap_axis<D, U, TI, TD> and ap_axiu<D, U, TI, TD>.
//
// Source-compatible with the part of AMD Vitis' header of this name that HLS C++ uses: D bits of data, U, TI and TD bits
// of user, id and dest (0: none), a bit of keep and of strb for every byte, and last. Fields have the names of the
// signals of the bus; a field of no width can be written and reads as zero. Nothing is set by construction but to zero.
#ifndef QNN_SIM_AP_AXI_SDATA_H
#define QNN_SIM_AP_AXI_SDATA_H

#include <ap_int.h>

#include <cstddef>

namespace hls {

// A side channel of WIDTH bits; without any it takes whatever is written.
template <std::size_t WIDTH>
struct axis_field {
  typedef ap_uint<static_cast<int>(WIDTH)> type;
};
template <>
struct axis_field<0> {
  struct type {
    type(unsigned long long = 0) {}
    operator unsigned long long() const { return 0; }
  };
};

template <typename T, int BITS, std::size_t U, std::size_t TI, std::size_t TD>
struct axis_word {
  static const std::size_t width = BITS;
  static const int bytes = (BITS + 7) / 8;

  T data;
  ap_uint<bytes> keep;
  ap_uint<bytes> strb;
  typename axis_field<U>::type user;
  ap_uint<1> last;
  typename axis_field<TI>::type id;
  typename axis_field<TD>::type dest;

  axis_word() : data(0), keep(0), strb(0), user(0), last(0), id(0), dest(0) {}

  T get_data() const { return data; }
  ap_uint<bytes> get_keep() const { return keep; }
  ap_uint<bytes> get_strb() const { return strb; }
  typename axis_field<U>::type get_user() const { return user; }
  ap_uint<1> get_last() const { return last; }
  typename axis_field<TI>::type get_id() const { return id; }
  typename axis_field<TD>::type get_dest() const { return dest; }
  void set_data(const T &value) { data = value; }
  void set_keep(const ap_uint<bytes> &value) { keep = value; }
  void set_strb(const ap_uint<bytes> &value) { strb = value; }
  void set_user(const typename axis_field<U>::type &value) { user = value; }
  void set_last(const ap_uint<1> &value) { last = value; }
  void set_id(const typename axis_field<TI>::type &value) { id = value; }
  void set_dest(const typename axis_field<TD>::type &value) { dest = value; }
  void keep_all() { keep = strb = ~ap_uint<bytes>(0); }
};

}  // namespace hls

template <std::size_t D, std::size_t U, std::size_t TI, std::size_t TD>
struct ap_axis : hls::axis_word<ap_int<static_cast<int>(D)>, static_cast<int>(D), U, TI, TD> {};

template <std::size_t D, std::size_t U, std::size_t TI, std::size_t TD>
struct ap_axiu : hls::axis_word<ap_uint<static_cast<int>(D)>, static_cast<int>(D), U, TI, TD> {};

#endif
