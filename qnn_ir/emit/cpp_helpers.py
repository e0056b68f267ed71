"""The small templates that generated files bring along, each only where it is used."""

from collections.abc import Collection

_POPCOUNT = """
// The number of ones. Synthesis builds an adder tree; simulation counts machine words.
template <int N>
static inline int popcount(const ap_uint<N> &bits) {
#pragma HLS INLINE
  int ones = 0;
#ifdef __SYNTHESIS__
  for (int i = 0; i < N; ++i) {
#pragma HLS UNROLL
    ones += bits[i] ? 1 : 0;
  }
#else
  for (int low = 0; low < N; low += 64) {
    const int high = low + 63 < N ? low + 63 : N - 1;
    ones += __builtin_popcountll(ap_uint<64>(bits.range(high, low)).to_uint64());
  }
#endif
  return ones;
}
"""

_SIGNED_ELEMENT = """
// Element `i` of a packed word of two's complement elements, element 0 in the lowest bits.
template <int BITS, int N>
static inline long long signed_element(const ap_uint<N> &word, int i) {
#pragma HLS INLINE
  return (long long)(word.to_uint64() << (64 - BITS * (i + 1))) >> (64 - BITS);
}
"""

_UNSIGNED_ELEMENT = """
// Element `i` of a packed word of unsigned elements, element 0 in the lowest bits.
template <int BITS, int N>
static inline long long unsigned_element(const ap_uint<N> &word, int i) {
#pragma HLS INLINE
  return (long long)(word.to_uint64() << (64 - BITS * (i + 1)) >> (64 - BITS));
}
"""

_JOINED = """
// The words of a row as one number, word 0 lowest.
template <int BITS, int WORD, int WORDS>
static inline ap_uint<BITS> joined(const ap_uint<WORD> (&words)[WORDS]) {
#pragma HLS INLINE
  ap_uint<BITS> all = 0;
  for (int i = 0; i < WORDS; ++i) {
#pragma HLS UNROLL
    const int high = WORD * (i + 1) < BITS ? WORD * (i + 1) - 1 : BITS - 1;
    all.range(high, WORD * i) = words[i];
  }
  return all;
}
"""

_ROUND = """
// x / 2^SHIFT, rounded to the nearest integer, ties to the even one.
template <int SHIFT, int N>
static inline ap_int<N> round_half_even(const ap_int<N> &x) {
#pragma HLS INLINE
  const ap_int<N> down = x >> SHIFT;
  const ap_uint<SHIFT> rest = x.range(SHIFT - 1, 0);
  ap_uint<SHIFT> half = 0;
  half[SHIFT - 1] = 1;
  const bool up = rest > half || (rest == half && down[0]);
  return down + (up ? 1 : 0);
}
"""

_CLAMP = """
// x limited to [lo, hi].
template <class T, class X>
static inline T clamp(const X &x, long long lo, long long hi) {
#pragma HLS INLINE
  return x < lo ? T(lo) : x > hi ? T(hi) : T(x);
}
"""

HELPERS = {
    "popcount": _POPCOUNT,
    "signed_element": _SIGNED_ELEMENT,
    "unsigned_element": _UNSIGNED_ELEMENT,
    "joined": _JOINED,
    "round_half_even": _ROUND,
    "clamp": _CLAMP,
}


def helper_text(used: Collection[str]) -> str:
    """The definitions of the helpers that are used, in a fixed order."""
    return "".join(text for name, text in HELPERS.items() if name in used)
