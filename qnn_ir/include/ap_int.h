// Arbitrary-precision integers for C simulation: ap_int<W>, ap_uint<W>, 1 <= W <= 4096.
//
// Source-compatible with the part of AMD Vitis' header of this name that generated HLS C++ uses, and bit-exact to it
// (the test suite compares both over random operations). Results of + - * / % & | ^ have the type that holds every
// possible result, shifts keep the type of their left operand, assignment keeps the low bits.
// C++14, GCC or Clang on a 64-bit machine. Define QNN_SIM_CHECKS to have the bounds of bit accesses checked.
#ifndef QNN_SIM_AP_INT_H
#define QNN_SIM_AP_INT_H

#include <cmath>
#include <cstring>
#include <ostream>
#include <string>

#include "ap_int_refs.h"

#define QNN_SIM_ENABLE_NATIVE(T) \
  typename std::enable_if<std::is_integral<T>::value || std::is_enum<T>::value, int>::type = 0
#define QNN_SIM_ENABLE_FLOAT(T) typename std::enable_if<std::is_floating_point<T>::value, int>::type = 0

template <int W, bool S>
struct ap_int_base {
  static_assert(W >= 1 && W <= 4096, "ap_int: width out of range");
  enum { width = W, sign_flag = S };
  typedef qnn_sim::word<W, S> word_type;
  typedef typename std::conditional<S, long long, unsigned long long>::type RetType;
  typedef typename std::conditional<S, ap_int<W>, ap_uint<W>>::type full_type;

  word_type w;

  ap_int_base() = default;
  template <int W2, bool S2>
  constexpr ap_int_base(const ap_int_base<W2, S2>& x) : w() {
    w.assign(x.w);
  }
  template <int W2, bool S2>
  constexpr ap_int_base(const ap_range_ref<W2, S2>& x) : w() {
    w.assign(x);
  }
  template <int W2, bool S2>
  constexpr ap_int_base(const ap_bit_ref<W2, S2>& x) : ap_int_base(x.to_bool()) {}
  template <class H, class L>
  constexpr ap_int_base(const ap_concat_ref<H, L>& x) : w() {
    w.assign(x.get().w);
  }
  template <class T, QNN_SIM_ENABLE_NATIVE(T)>
  constexpr ap_int_base(T x) : w() {
    w.assign(qnn_sim::word<64, (T(-1) < T(1))>{static_cast<typename qnn_sim::native<64, (T(-1) < T(1))>::type>(x)});
  }
  // Rounds towards zero.
  template <class T, QNN_SIM_ENABLE_FLOAT(T), class = void>
  ap_int_base(T x) : w() {
    int exponent = 0;
    const uint64_t mantissa = uint64_t(std::ldexp(std::frexp(std::fabs(double(x)), &exponent), 53));
    *this = exponent >= 53 ? (ap_int_base(mantissa) << (exponent - 53))
                           : ap_int_base(exponent <= 0 ? 0 : mantissa >> (53 - exponent));
    if (x < 0) *this = -*this;
  }
  // Digits with an optional sign and prefix 0x, 0o or 0b; radix 10 unless given or prefixed.
  ap_int_base(const char* text, int radix = 10) : w() { parse(text, radix); }

  constexpr operator RetType() const { return RetType(w.template low<uint64_t>()); }
  constexpr bool to_bool() const { return or_reduce(); }
  constexpr signed char to_char() const { return (signed char)(w.template low<uint8_t>()); }
  constexpr int to_int() const { return int(w.template low<uint32_t>()); }
  constexpr unsigned to_uint() const { return w.template low<uint32_t>(); }
  constexpr long to_long() const { return long(w.template low<uint64_t>()); }
  constexpr unsigned long to_ulong() const { return w.template low<uint64_t>(); }
  constexpr long long to_int64() const { return (long long)(w.template low<uint64_t>()); }
  constexpr unsigned long long to_uint64() const { return w.template low<uint64_t>(); }
  double to_double() const {
    double r = 0;
    const ap_int_base<W + 1, true> x = *this;
    const ap_uint<W> m = x.sign() ? ap_int_base<W + 1, true>(-x) : x;
    for (int i = word_type::kLimbs - 1; i >= 0; --i) r = r * 18446744073709551616.0 + double(m.w.limb(i));
    return x.sign() ? -r : r;
  }
  float to_float() const { return float(to_double()); }
  constexpr int length() const { return W; }
  constexpr bool sign() const { return w.negative(); }
  constexpr bool iszero() const { return !or_reduce(); }
  constexpr ap_int_base& get() { return *this; }

  // ---- Bits
  constexpr bool test(int i) const { return (w.bits64(i & ~63) >> (i & 63)) & 1; }
  constexpr bool get_bit(int i) const { return test(i); }
  constexpr void set_bit(int i, bool x) { w.insert64(i, 1, x); }
  constexpr void set(int i, bool x = true) { set_bit(i, x); }
  constexpr void clear(int i) { set_bit(i, false); }
  constexpr void invert(int i) { set_bit(i, !test(i)); }
  constexpr void b_not() { *this = ~*this; }
  constexpr ap_int_base& reverse() {
    const ap_int_base x = *this;
    for (int i = 0; i < W; ++i) set_bit(i, x.test(W - 1 - i));
    return *this;
  }
  constexpr ap_range_ref<W, S> range(int hi, int lo) { return ap_range_ref<W, S>(this, hi, lo); }
  constexpr ap_range_ref<W, S> range(int hi, int lo) const { return {const_cast<ap_int_base*>(this), hi, lo}; }
  constexpr ap_range_ref<W, S> range() { return range(W - 1, 0); }
  constexpr ap_range_ref<W, S> range() const { return range(W - 1, 0); }
  constexpr ap_range_ref<W, S> operator()(int hi, int lo) { return range(hi, lo); }
  constexpr ap_range_ref<W, S> operator()(int hi, int lo) const { return range(hi, lo); }
  constexpr ap_bit_ref<W, S> operator[](int i) { return ap_bit_ref<W, S>(this, i); }
  constexpr bool operator[](int i) const { return qnn_sim::check_range(i, i, W), test(i); }
  constexpr ap_bit_ref<W, S> bit(int i) { return (*this)[i]; }
  constexpr bool bit(int i) const { return (*this)[i]; }
  template <int W2, bool S2>
  constexpr ap_concat_ref<qnn_sim::whole_ref<W, S>, qnn_sim::whole_ref<W2, S2>> concat(
      const ap_int_base<W2, S2>& low) const {
    return {qnn_sim::part(*this), qnn_sim::part(low)};
  }
  constexpr bool and_reduce() const { return range().and_reduce(); }
  constexpr bool or_reduce() const {
    uint64_t any = 0;
    for (int i = 0; i < word_type::kLimbs; ++i) any |= w.limb(i);
    return any != 0;
  }
  constexpr bool xor_reduce() const { return range().xor_reduce(); }
  constexpr bool nand_reduce() const { return !and_reduce(); }
  constexpr bool nor_reduce() const { return !or_reduce(); }
  constexpr bool xnor_reduce() const { return !xor_reduce(); }
  constexpr int countLeadingZeros() const {
    int n = 0;
    while (n < W && !test(W - 1 - n)) ++n;
    return n;
  }

  // ---- Unary
  constexpr full_type operator+() const { return *this; }
  constexpr ap_int<qnn_sim::max(W, 1 + int(S)) + 1> operator-() const { return ap_int_base<1, false>(0) - *this; }
  constexpr full_type operator~() const { return full_type(*this ^ ap_int_base<1, true>(-1)); }
  constexpr bool operator!() const { return !or_reduce(); }
  constexpr ap_int_base& operator++() { return *this += 1; }
  constexpr ap_int_base& operator--() { return *this -= 1; }
  constexpr full_type operator++(int) {
    const full_type old = *this;
    return *this += 1, old;
  }
  constexpr full_type operator--(int) {
    const full_type old = *this;
    return *this -= 1, old;
  }

  std::string to_string(int radix = 2, bool with_sign = S) const;

 private:
  void parse(const char* text, int radix);
};

#include "ap_int_ops.h"

#define QNN_SIM_CONSTRUCTORS(NAME, SIGNED)                                         \
  typedef ap_int_base<W, SIGNED> base;                                             \
  NAME() = default;                                                                \
  template <int W2, bool S2>                                                       \
  constexpr NAME(const ap_int_base<W2, S2>& x) : base(x) {}                        \
  template <int W2, bool S2>                                                       \
  constexpr NAME(const ap_range_ref<W2, S2>& x) : base(x) {}                       \
  template <int W2, bool S2>                                                       \
  constexpr NAME(const ap_bit_ref<W2, S2>& x) : base(x) {}                         \
  template <class H, class L>                                                      \
  constexpr NAME(const ap_concat_ref<H, L>& x) : base(x) {}                        \
  template <class T, QNN_SIM_ENABLE_NATIVE(T)>                                     \
  constexpr NAME(T x) : base(x) {}                                                 \
  template <class T, QNN_SIM_ENABLE_FLOAT(T), class = void>                        \
  NAME(T x) : base(x) {}                                                           \
  NAME(const char* text) : base(text) {}                                           \
  NAME(const char* text, int radix) : base(text, radix) {}

template <int W>
struct ap_int : ap_int_base<W, true> {
  QNN_SIM_CONSTRUCTORS(ap_int, true)
};

template <int W>
struct ap_uint : ap_int_base<W, false> {
  QNN_SIM_CONSTRUCTORS(ap_uint, false)
};

#undef QNN_SIM_CONSTRUCTORS

// ---- Text

template <int W, bool S>
void ap_int_base<W, S>::parse(const char* text, int radix) {
  const bool minus = *text == '-';
  if (*text == '-' || *text == '+') ++text;
  const char kind = text[0] == '0' ? char(text[1] | 0x20) : '\0';
  const int prefixed = kind == 'x' ? 16 : kind == 'b' ? 2 : kind == 'o' ? 8 : 0;
  if (prefixed != 0) radix = prefixed, text += 2;
  ap_int_base r(0);
  for (; *text; ++text) {
    const char c = *text >= 'A' ? char(*text | 0x20) : *text;
    const int digit = c >= 'a' ? c - 'a' + 10 : c - '0';
    if (digit < 0 || digit >= radix) qnn_sim::fail("ap_int: not a digit in radix %lld: character code %lld", radix, c);
    r *= radix;
    r += digit;
  }
  *this = minus ? ap_int_base(-r) : r;
}

// Radix 10: the value. Radix 2, 8, 16: the W bits, with prefix; a negative number shows its two's complement bits.
template <int W, bool S>
std::string ap_int_base<W, S>::to_string(int radix, bool with_sign) const {
  const bool minus = radix == 10 && with_sign && sign();
  ap_uint<W> x = minus ? ap_uint<W>(-*this) : ap_uint<W>(*this);
  std::string digits;
  do {
    digits.insert(digits.begin(), "0123456789abcdef"[int((x % unsigned(radix)).to_uint64())]);
    x /= unsigned(radix);
  } while (x != 0);
  const char* prefix = radix == 16 ? "0x" : radix == 8 ? "0o" : radix == 2 ? "0b" : "";
  return (minus ? "-" : "") + std::string(prefix) + digits;
}

template <int W, bool S>
std::ostream& operator<<(std::ostream& out, const ap_int_base<W, S>& x) {
  const std::ios_base::fmtflags base = out.flags() & std::ios_base::basefield;
  return out << x.to_string(base == std::ios_base::hex ? 16 : base == std::ios_base::oct ? 8 : 10);
}
template <int W, bool S>
std::ostream& operator<<(std::ostream& out, const ap_range_ref<W, S>& x) {
  return out << x.get();
}
template <class H, class L>
std::ostream& operator<<(std::ostream& out, const ap_concat_ref<H, L>& x) {
  return out << x.get();
}

#undef QNN_SIM_ENABLE_NATIVE
#undef QNN_SIM_ENABLE_FLOAT

#endif
