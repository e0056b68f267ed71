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

_BIT_PLANE = """
// Bit BIT of every element of WIDTH bits, that of element 0 lowest. Simulation gathers machine words.
template <int BIT, int WIDTH, int N>
static inline ap_uint<N / WIDTH> bit_plane(const ap_uint<N> &elements) {
#pragma HLS INLINE
  ap_uint<N / WIDTH> plane = 0;
#ifdef __SYNTHESIS__
  for (int i = 0; i < N / WIDTH; ++i) {
#pragma HLS UNROLL
    plane[i] = elements[WIDTH * i + BIT];
  }
#else
  for (int low = 0; low < N / WIDTH; low += 64) {
    const int high = low + 63 < N / WIDTH ? low + 63 : N / WIDTH - 1;
    unsigned long long bits = 0;
    for (int i = low; i <= high; ++i) bits |= (unsigned long long)(elements[WIDTH * i + BIT]) << (i - low);
    plane.range(high, low) = bits;
  }
#endif
  return plane;
}
"""

_SIGNED_ELEMENT = """
// Element `i` of a row of packed two's complement elements, PER_WORD to a word, the first in the lowest bits.
template <int BITS, int PER_WORD, class Word>
static inline long long signed_element(const Word *row, int i) {
#pragma HLS INLINE
  return (long long)((unsigned long long)(row[i / PER_WORD]) << (64 - BITS * (i % PER_WORD + 1))) >> (64 - BITS);
}
"""

_UNSIGNED_ELEMENT = """
// Element `i` of a row of packed unsigned elements, PER_WORD to a word, the first in the lowest bits.
template <int BITS, int PER_WORD, class Word>
static inline long long unsigned_element(const Word *row, int i) {
#pragma HLS INLINE
  return (long long)((unsigned long long)(row[i / PER_WORD]) << (64 - BITS * (i % PER_WORD + 1)) >> (64 - BITS));
}
"""

_JOINED = """
// The 64-bit words of a row as one number, word 0 lowest.
template <int BITS, class Word, int WORDS>
static inline ap_uint<BITS> joined(const Word (&words)[WORDS]) {
#pragma HLS INLINE
  ap_uint<BITS> all = 0;
  for (int i = 0; i < WORDS; ++i) {
#pragma HLS UNROLL
    all.range(64 * (i + 1) < BITS ? 64 * i + 63 : BITS - 1, 64 * i) = (unsigned long long)(words[i]);
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

ROM_WORD = """
// A word of a ROM: exactly as wide as it has to be in synthesis, a machine word in simulation.
#ifdef __SYNTHESIS__
template <int BITS>
struct rom_word {
  typedef ap_uint<BITS> type;
};
#else
template <int BITS, int BYTES = (BITS <= 8 ? 1 : BITS <= 16 ? 2 : BITS <= 32 ? 4 : 8)>
struct rom_word {
  typedef unsigned long long type;
};
template <int BITS>
struct rom_word<BITS, 4> {
  typedef unsigned type;
};
template <int BITS>
struct rom_word<BITS, 2> {
  typedef unsigned short type;
};
template <int BITS>
struct rom_word<BITS, 1> {
  typedef unsigned char type;
};
#endif
"""

HELPERS = {
    "popcount": _POPCOUNT,
    "bit_plane": _BIT_PLANE,
    "signed_element": _SIGNED_ELEMENT,
    "unsigned_element": _UNSIGNED_ELEMENT,
    "joined": _JOINED,
    "round_half_even": _ROUND,
    "clamp": _CLAMP,
}


def helper_text(used: Collection[str]) -> str:
    """The definitions of the helpers that are used, in a fixed order."""
    return "".join(text for name, text in HELPERS.items() if name in used)
