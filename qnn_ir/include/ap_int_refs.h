// Proxies of the simulation integers: bit ranges, single bits and concatenations, readable and assignable.
#ifndef QNN_SIM_AP_INT_REFS_H
#define QNN_SIM_AP_INT_REFS_H

#include <cstdio>
#include <cstdlib>

#include "ap_int_words.h"

template <int W, bool S>
struct ap_int_base;
template <int W>
struct ap_int;
template <int W>
struct ap_uint;

namespace qnn_sim {

[[noreturn]] inline void fail(const char* message, long long a = 0, long long b = 0) {
  std::fflush(stdout);
  std::fprintf(stderr, message, a, b);
  std::fputc('\n', stderr);
  std::abort();
}

// Bounds of bit accesses are checked with -DQNN_SIM_CHECKS: they cost time in inner loops.
constexpr void check_range(int hi, int lo, int width) {
#ifdef QNN_SIM_CHECKS
  if (lo < 0 || hi < lo || hi >= width) fail("ap_int: bad bit range (%lld, %lld)", hi, lo);
#else
  (void)hi, (void)lo, (void)width;
#endif
}

// ---- What may stand beside a number in an operator: native integers and the proxies.

template <class T, class = void>
struct operand_of {};  // not an operand
template <class T>
struct operand_of<T, typename std::enable_if<std::is_integral<T>::value>::type> {
  enum { bits = std::is_same<T, bool>::value ? 1 : int(sizeof(T) * 8) };
  typedef ap_int_base<bits, std::is_signed<T>::value> type;
};
template <class T>
struct operand_of<T, typename std::enable_if<std::is_enum<T>::value && std::is_convertible<T, int>::value>::type> {
  typedef ap_int_base<32, true> type;
};
template <class T>
struct operand_of<T, typename std::conditional<true, void, typename T::qnn_value>::type> {
  typedef typename T::qnn_value type;
};

template <class T>
constexpr typename operand_of<T>::type operand(const T& x) {
  return typename operand_of<T>::type(x);
}
template <int W, bool S>
constexpr const ap_int_base<W, S>& operand(const ap_int_base<W, S>& x) {
  return x;
}

// The low n bits of x, n >= 1, for n that may exceed 64.
constexpr uint64_t keep_low(uint64_t x, int n) { return n >= 64 ? x : x & low_mask<uint64_t>(n); }

}  // namespace qnn_sim

// x.range(hi, lo): an unsigned number of hi - lo + 1 bits, of static type ap_uint<W> as hi and lo are run-time values.
template <int W, bool S>
struct ap_range_ref {
  enum { width = W };
  typedef ap_int_base<W, false> qnn_value;

  ap_int_base<W, S>& d;
  int hi, lo;

  constexpr ap_range_ref(ap_int_base<W, S>* p, int h, int l) : d(*p), hi(h), lo(l) { qnn_sim::check_range(h, l, W); }
  constexpr ap_range_ref(const ap_range_ref&) = default;

  constexpr bool negative() const { return false; }
  // Limb i of the selected number, zero beyond its end.
  constexpr uint64_t limb(int i) const {
    const int from = lo + 64 * i;
    return from > hi ? 0 : qnn_sim::keep_low(d.w.bits64(from), hi - from + 1);
  }
  template <class U>
  constexpr U low() const {
    return sizeof(U) > 8 && W > 64 ? U((qnn_sim::uint128(limb(1)) << 64) | limb(0)) : U(limb(0));
  }
  constexpr qnn_value get() const { return qnn_value(*this); }
  template <class X>
  constexpr void set(const X& x) {
    for (int i = 0; lo + 64 * i <= hi; ++i) {
      const int from = lo + 64 * i;
      d.w.insert64(from, hi - from + 1 < 64 ? hi - from + 1 : 64, x.limb(i));
    }
  }

  template <class X>
  constexpr ap_range_ref& operator=(const X& x) {
    set(qnn_sim::operand(x).w);
    return *this;
  }
  constexpr ap_range_ref& operator=(const ap_range_ref& x) {
    set(x.get().w);
    return *this;
  }
  template <class X>
  constexpr ap_range_ref& operator|=(const X& x) {
    return *this = get() | qnn_sim::operand(x);
  }
  template <class X>
  constexpr ap_range_ref& operator&=(const X& x) {
    return *this = get() & qnn_sim::operand(x);
  }
  template <class X>
  constexpr ap_range_ref& operator^=(const X& x) {
    return *this = get() ^ qnn_sim::operand(x);
  }

  constexpr operator unsigned long long() const { return limb(0); }
  constexpr int to_int() const { return int(limb(0)); }
  constexpr unsigned to_uint() const { return unsigned(limb(0)); }
  constexpr long long to_int64() const { return (long long)(limb(0)); }
  constexpr unsigned long long to_uint64() const { return limb(0); }
  constexpr int length() const { return hi - lo + 1; }

  constexpr bool and_reduce() const {
    for (int i = lo; i <= hi; ++i) {
      if (!d.test(i)) return false;
    }
    return true;
  }
  constexpr bool or_reduce() const {
    for (int i = 0; lo + 64 * i <= hi; ++i) {
      if (limb(i) != 0) return true;
    }
    return false;
  }
  constexpr bool xor_reduce() const {
    int ones = 0;
    for (int i = 0; lo + 64 * i <= hi; ++i) ones += __builtin_popcountll(limb(i));
    return ones & 1;
  }
};

// x[i]
template <int W, bool S>
struct ap_bit_ref {
  enum { width = 1 };
  typedef ap_int_base<W / W, false> qnn_value;  // W / W: looked up when instantiated

  ap_int_base<W, S>& d;
  int index;

  constexpr ap_bit_ref(ap_int_base<W, S>* p, int i) : d(*p), index(i) { qnn_sim::check_range(i, i, W); }
  constexpr ap_bit_ref(const ap_bit_ref&) = default;

  constexpr bool negative() const { return false; }
  constexpr uint64_t limb(int i) const { return i == 0 && d.test(index); }
  template <class U>
  constexpr U low() const {
    return U(d.test(index));
  }
  constexpr qnn_value get() const { return qnn_value(to_bool()); }
  template <class X>
  constexpr void set(const X& x) {
    d.set_bit(index, x.limb(0) & 1);
  }

  // As AMD's: any non-zero value sets the bit.
  template <class X>
  constexpr ap_bit_ref& operator=(const X& x) {
    d.set_bit(index, qnn_sim::operand(x) != 0);
    return *this;
  }
  constexpr ap_bit_ref& operator=(const ap_bit_ref& x) {
    d.set_bit(index, x.to_bool());
    return *this;
  }
  constexpr operator bool() const { return to_bool(); }
  constexpr bool to_bool() const { return d.test(index); }
  constexpr bool operator~() const { return !to_bool(); }
  constexpr int length() const { return 1; }
};

namespace qnn_sim {

// A whole number as part of a concatenation.
template <int W, bool S>
struct whole_ref {
  enum { width = W };
  ap_int_base<W, S>* p;
  constexpr uint64_t limb(int i) const { return p->w.limb(i); }
  template <class X>
  constexpr void set(const X& x) {
    p->w.assign(x);
  }
  constexpr ap_int_base<W, false> get() const { return ap_int_base<W, false>(*p); }
  constexpr int length() const { return W; }
};

template <int W, bool S>
constexpr whole_ref<W, S> part(const ap_int_base<W, S>& x) {
  return whole_ref<W, S>{const_cast<ap_int_base<W, S>*>(&x)};
}
template <int W, bool S>
constexpr ap_range_ref<W, S> part(const ap_range_ref<W, S>& x) {
  return x;
}
template <int W, bool S>
constexpr ap_bit_ref<W, S> part(const ap_bit_ref<W, S>& x) {
  return x;
}

}  // namespace qnn_sim

// (high, low)
template <class High, class Low>
struct ap_concat_ref {
  enum { width = int(High::width) + int(Low::width) };
  typedef ap_int_base<width, false> qnn_value;

  High high;
  Low lower;

  constexpr ap_concat_ref(const High& h, const Low& l) : high(h), lower(l) {}
  constexpr ap_concat_ref(const ap_concat_ref&) = default;

  constexpr qnn_value get() const {
    return qnn_value((qnn_value(high.get()) << lower.length()) | qnn_value(lower.get()));
  }
  constexpr bool negative() const { return false; }
  constexpr uint64_t limb(int i) const { return get().w.limb(i); }
  template <class U>
  constexpr U low() const {
    return get().w.template low<U>();
  }
  template <class X>
  constexpr void set(const X& x) {
    qnn_value all(0);
    all.w.assign(x);
    lower.set(all.w);
    high.set((all >> lower.length()).w);
  }
  template <class X>
  constexpr ap_concat_ref& operator=(const X& x) {
    set(qnn_sim::operand(x).w);
    return *this;
  }
  constexpr ap_concat_ref& operator=(const ap_concat_ref& x) {
    set(x.get().w);
    return *this;
  }
  constexpr operator unsigned long long() const { return limb(0); }
  constexpr unsigned long long to_uint64() const { return limb(0); }
  constexpr int length() const { return high.length() + lower.length(); }
};

namespace qnn_sim {

template <class High, class Low>
constexpr ap_concat_ref<High, Low> part(const ap_concat_ref<High, Low>& x) {
  return x;
}

}  // namespace qnn_sim

#endif
