// Storage of the simulation integers: how a W-bit number is kept in memory.
//
// Up to 128 bits a number is one native integer, so that a compiler sees plain integer arithmetic and can keep it in
// registers or vectorise it. Beyond that it is an array of 64-bit limbs, least significant first.
// Either way the invariant is that the bits above W repeat the sign (signed) or are zero (unsigned).
#ifndef QNN_SIM_AP_INT_WORDS_H
#define QNN_SIM_AP_INT_WORDS_H

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace qnn_sim {

__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

constexpr int max(int a, int b) { return a > b ? a : b; }
constexpr int min(int a, int b) { return a < b ? a : b; }

enum { kNativeBits = 128 };

// The smallest native integer of at least W bits.
template <int W, bool S>
struct native {
  typedef typename std::conditional<S, int128, uint128>::type wide;
  typedef typename std::conditional<S, int64_t, uint64_t>::type i64;
  typedef typename std::conditional<S, int32_t, uint32_t>::type i32;
  typedef typename std::conditional<S, int16_t, uint16_t>::type i16;
  typedef typename std::conditional<S, int8_t, uint8_t>::type i8;
  typedef typename std::conditional<
      (W <= 8), i8,
      typename std::conditional<
          (W <= 16), i16,
          typename std::conditional<(W <= 32), i32,
                                    typename std::conditional<(W <= 64), i64, wide>::type>::type>::type>::type type;
};

// The type arithmetic is done in: never below 32 bits, as in C.
template <int W, bool S>
struct calc {
  typedef typename native<max(W, 32), S>::type type;
};

// All ones in the low n bits of U, for 0 <= n <= bits of U.
template <class U>
constexpr U low_mask(int n) {
  return n <= 0 ? U(0) : U(U(~U(0)) >> (int(sizeof(U) * 8) - n));
}

// Words kept in one native integer.
template <int W, bool S, bool Native = (W <= kNativeBits)>
struct word {
  typedef typename native<W, S>::type rep;
  typedef typename native<W, false>::type bits;
  enum { kLimbs = W > 64 ? 2 : 1, kStored = int(sizeof(rep) * 8) };

  rep v;

  // The low W bits of `x`, sign- or zero-extended to the stored width.
  static constexpr rep wrap(bits x) {
    return W == kStored ? rep(x)
           : S          ? rep(bits(bits(bits(x & mask()) ^ sign_bit()) - sign_bit()))
                        : rep(bits(x & mask()));
  }
  static constexpr bits mask() { return low_mask<bits>(W); }
  static constexpr bits sign_bit() { return bits(bits(1) << (W - 1)); }

  // The number modulo 2^bits(U), in U.
  template <class U>
  constexpr U low() const {
    return U(v);
  }
  constexpr bool negative() const { return S && v < rep(0); }
  // Limb i of the infinite two's complement form.
  constexpr uint64_t limb(int i) const {
    return i == 0              ? uint64_t(v)
           : i == 1 && W > 64 ? uint64_t(uint128(v) >> 64)
                               : (negative() ? ~uint64_t(0) : uint64_t(0));
  }
  // Bits lo .. lo+63; what lies above W is not defined. 0 <= lo < W.
  constexpr uint64_t bits64(int lo) const { return uint64_t(bits(v) >> lo); }
  // Replaces n <= 64 bits from lo with the low bits of x.
  constexpr void insert64(int lo, int n, uint64_t x) {
    const bits m = bits(bits(low_mask<uint64_t>(n)) << lo);
    v = wrap(bits(bits(bits(v) & bits(~m)) | bits(bits(bits(x) << lo) & m)));
  }
  // Takes over any other word modulo 2^W.
  template <class Other>
  constexpr void assign(const Other& x) {
    v = wrap(x.template low<bits>());
  }
};

// Words kept in limbs.
template <int W, bool S>
struct word<W, S, false> {
  enum { kLimbs = (W + 63) / 64, kTop = W % 64 };

  uint64_t v[kLimbs];

  template <class U>
  constexpr U low() const {
    return sizeof(U) > 8 ? U((uint128(v[1]) << 64) | v[0]) : U(v[0]);
  }
  constexpr bool negative() const { return S && (v[kLimbs - 1] >> 63) != 0; }
  constexpr uint64_t limb(int i) const {
    return i < int(kLimbs) ? v[i] : (negative() ? ~uint64_t(0) : uint64_t(0));
  }
  constexpr uint64_t bits64(int lo) const {
    const int i = lo >> 6;
    const int off = lo & 63;
    // Two shifts, as a shift by 64 is undefined when off is 0.
    const uint64_t above = i + 1 < int(kLimbs) ? (v[i + 1] << 1) << (63 - off) : 0;
    return (v[i] >> off) | above;
  }
  constexpr void insert64(int lo, int n, uint64_t x) {
    const int i = lo >> 6;
    const int off = lo & 63;
    const uint64_t m = low_mask<uint64_t>(n);
    v[i] = (v[i] & ~(m << off)) | ((x & m) << off);
    if (off + n > 64) {
      v[i + 1] = (v[i + 1] & ~((m >> 1) >> (63 - off))) | (((x & m) >> 1) >> (63 - off));
    }
    extend();
  }
  // Restores the invariant in the top limb.
  constexpr void extend() {
    if (kTop == 0) return;
    const uint64_t m = low_mask<uint64_t>(kTop == 0 ? 64 : kTop);
    const uint64_t sign = uint64_t(1) << ((kTop + 63) % 64);
    const uint64_t t = v[kLimbs - 1] & m;
    v[kLimbs - 1] = S ? (t ^ sign) - sign : t;
  }
  template <class Other>
  constexpr void assign(const Other& x) {
    for (int i = 0; i < int(kLimbs); ++i) v[i] = x.limb(i);
    extend();
  }
};

// ---- Arithmetic on limbs. `r` holds n limbs; operands are words of any kind, read as infinite two's complement.

template <class A, class B>
constexpr void limbs_add(uint64_t* r, int n, const A& a, const B& b) {
  uint128 carry = 0;
  for (int i = 0; i < n; ++i) {
    carry += uint128(a.limb(i)) + b.limb(i);
    r[i] = uint64_t(carry);
    carry >>= 64;
  }
}

template <class A, class B>
constexpr void limbs_sub(uint64_t* r, int n, const A& a, const B& b) {
  uint64_t borrow = 0;
  for (int i = 0; i < n; ++i) {
    const uint128 d = uint128(a.limb(i)) - b.limb(i) - borrow;
    r[i] = uint64_t(d);
    borrow = uint64_t(d >> 64) & 1;
  }
}

template <class A, class B>
constexpr void limbs_mul(uint64_t* r, int n, const A& a, const B& b) {
  for (int i = 0; i < n; ++i) r[i] = 0;
  for (int i = 0; i < n; ++i) {
    const uint64_t x = a.limb(i);
    uint64_t carry = 0;
    for (int j = 0; i + j < n; ++j) {
      const uint128 t = uint128(x) * b.limb(j) + r[i + j] + carry;
      r[i + j] = uint64_t(t);
      carry = uint64_t(t >> 64);
    }
  }
}

// -1, 0 or 1, comparing the values of two words through n limbs that hold both with their sign.
template <class A, class B>
constexpr int limbs_compare(int n, const A& a, const B& b) {
  if (a.negative() != b.negative()) return a.negative() ? -1 : 1;
  for (int i = n - 1; i >= 0; --i) {
    if (a.limb(i) != b.limb(i)) return a.limb(i) < b.limb(i) ? -1 : 1;
  }
  return 0;
}

// Schoolbook division of magnitudes, one bit per step: q = a / d, rem = a % d, each of n limbs, d != 0.
constexpr void limbs_divide(uint64_t* q, uint64_t* rem, const uint64_t* a, const uint64_t* d, int n) {
  for (int i = 0; i < n; ++i) q[i] = rem[i] = 0;
  for (int bit = n * 64 - 1; bit >= 0; --bit) {
    for (int i = n - 1; i > 0; --i) rem[i] = (rem[i] << 1) | (rem[i - 1] >> 63);
    rem[0] = (rem[0] << 1) | ((a[bit / 64] >> (bit % 64)) & 1);
    bool fits = true;
    for (int i = n - 1; i >= 0; --i) {
      if (rem[i] == d[i]) continue;
      fits = rem[i] > d[i];
      break;
    }
    if (!fits) continue;
    uint64_t borrow = 0;
    for (int i = 0; i < n; ++i) {
      const uint128 t = uint128(rem[i]) - d[i] - borrow;
      rem[i] = uint64_t(t);
      borrow = uint64_t(t >> 64) & 1;
    }
    q[bit / 64] |= uint64_t(1) << (bit % 64);
  }
}

constexpr void limbs_negate(uint64_t* x, int n) {
  uint64_t carry = 1;
  for (int i = 0; i < n; ++i) {
    x[i] = ~x[i] + carry;
    carry = carry && x[i] == 0;
  }
}

}  // namespace qnn_sim

#endif
