"""The functions that a generated `host.cpp` brings along, each only where it is used."""

from collections.abc import Collection

_MAXIMUM = """
// As NumPy: what is not a number stays so.
inline double maximum(double a, double b) { return a > b || a != a ? a : b; }
"""
_MINIMUM = """
// As NumPy: what is not a number stays so.
inline double minimum(double a, double b) { return a < b || a != a ? a : b; }
"""
_CLIP = """
inline double clip(double x, double low, double high) { return minimum(maximum(x, low), high); }
"""
_SIGN = """
inline double sign(double x) { return x != x ? x : x > 0 ? 1.0 : x < 0 ? -1.0 : 0.0; }
"""
_ROUND_UP = """
// Away from zero.
inline double round_up(double x) { return std::copysign(std::ceil(std::fabs(x)), x); }
"""
_ROUND_HALF_UP = """
// To the nearest integer, ties away from zero.
inline double round_half_up(double x) {
  const double whole = std::floor(std::fabs(x));
  return std::copysign(whole + (std::fabs(x) - whole >= 0.5 ? 1.0 : 0.0), x);
}
"""
_ROUND_HALF_DOWN = """
// To the nearest integer, ties towards zero.
inline double round_half_down(double x) {
  const double whole = std::floor(std::fabs(x));
  return std::copysign(whole + (std::fabs(x) - whole > 0.5 ? 1.0 : 0.0), x);
}
"""
_MINIFLOAT_STEP = """
// The distance of neighbours in a minifloat format around v.
inline double minifloat_step(double v, double mantissa, double least) {
  int exponent = 0;
  std::frexp(v, &exponent);
  return std::exp2(maximum(exponent - 1.0 - mantissa, least));
}
"""
_SIGMOID = """
inline double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }
"""
_SOFTPLUS = """
// log(1 + exp(x)) without overflow.
inline double softplus(double x) {
  return x < 0 ? std::log1p(std::exp(x)) : x > 0 ? x + std::log1p(std::exp(-x)) : x + 0.6931471805599453;
}
"""
_COUNT_REACHED = """
// How many thresholds x has reached.
inline double count_reached(const double *thresholds, int count, double x) {
  int reached = 0;
  for (int t = 0; t < count; ++t) reached += x < thresholds[t] ? 0 : 1;
  return reached;
}
"""
_TO_INTEGER = """
// The integer q that stands for x = scale * q + bias; an exception where x is off the grid or q outside its type.
inline std::int64_t to_integer(double x, double scale, double bias, double low, double high, int element,
                               const char *node) {
  const double quotient = (x - bias) / scale;
  const double q = std::rint(quotient);
  // the noise of float32 inputs
  const double slack = 1e-6 + (std::fabs(x) + std::fabs(bias)) / std::fabs(scale) * 2.384185791015625e-07;
  if (std::fabs(quotient - q) <= slack && low <= q && q <= high) return static_cast<std::int64_t>(q);
  std::ostringstream text;
  text.precision(17);
  text << node << ": element " << element << " is " << x << ", which is no integer of [" << low << ", " << high
       << "] times the scale; feed values on the declared input grid";
  throw std::invalid_argument(text.str());
}
"""
_SOFTMAX = """
// Exponentials scaled to the sum 1, `count` elements that lie `stride` apart.
inline void softmax(const double *x, double *y, int count, int stride) {
  double highest = x[0], sum = 0.0;
  for (int i = 1; i < count; ++i) highest = maximum(highest, x[i * stride]);
  for (int i = 0; i < count; ++i) {
    y[i * stride] = std::exp(x[i * stride] - highest);
    sum += y[i * stride];
  }
  for (int i = 0; i < count; ++i) y[i * stride] /= sum;
}
"""
_TOP_K = """
// The k best of `count` elements that lie `stride` apart, the lower position first among equals.
template <class T>
inline void top_k(const T *x, T *best, std::int64_t *indices, int k, int count, int stride, bool largest) {
  std::vector<int> order(count);
  for (int i = 0; i < count; ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [=](int a, int b) {
    return largest ? x[a * stride] > x[b * stride] : x[a * stride] < x[b * stride];
  });
  for (int i = 0; i < k; ++i) {
    best[i * stride] = x[order[i] * stride];
    indices[i * stride] = order[i];
  }
}
"""
_ARG_MAX = """
// The position of the largest of `count` elements that lie `stride` apart: the first or the last one of equals.
template <class T>
inline int arg_max(const T *x, int count, int stride, bool last) {
  int best = 0;
  for (int i = 1; i < count; ++i) {
    if (x[i * stride] > x[best * stride] || (last && x[i * stride] == x[best * stride])) best = i;
  }
  return best;
}
"""
_APPLY_STEPS = """
// totals[n] where n positions, in ascending order, are at most x.
inline std::int64_t apply_steps(const std::int64_t *positions, const std::int64_t *totals, int count, std::int64_t x) {
  return totals[std::upper_bound(positions, positions + count, x) - positions];
}
"""
_REQUANTISE = """
// clamp(round((x * m + c) / 2^shift), low, high), exact.
inline std::int64_t requantise(std::int64_t x, std::int64_t m, std::int64_t c, int shift, bool half_even,
                               std::int64_t low, std::int64_t high) {
  __extension__ typedef __int128 Wide;
  const Wide product = static_cast<Wide>(x) * m + c;
  Wide quotient = product >> shift;
  if (half_even && shift > 0) {
    const Wide rest = product - quotient * (static_cast<Wide>(1) << shift), half = static_cast<Wide>(1) << (shift - 1);
    if (rest > half || (rest == half && (quotient & 1) == 1)) ++quotient;
  }
  return static_cast<std::int64_t>(quotient < low ? low : quotient > high ? high : quotient);
}
"""
_WRITE_BITS = """
// The lowest `bits` bits of `value`, from bit `position` of the words on; those bits are zero before.
inline void write_bits(std::uint8_t *words, std::size_t position, int bits, std::int64_t value) {
  std::uint64_t rest = static_cast<std::uint64_t>(value);
  while (bits > 0) {
    const int low = static_cast<int>(position % 8), count = std::min(8 - low, bits);
    words[position / 8] = static_cast<std::uint8_t>(words[position / 8] | (rest & ((1u << count) - 1u)) << low);
    rest >>= count;
    position += static_cast<std::size_t>(count);
    bits -= count;
  }
}
"""
_READ_BITS = """
// The element of `bits` bits at bit `position` of the words.
inline std::int64_t read_bits(const std::uint8_t *words, std::size_t position, int bits, bool is_signed) {
  std::uint64_t value = 0;
  for (int done = 0; done < bits;) {
    const int low = static_cast<int>(position % 8), count = std::min(8 - low, bits - done);
    value |= static_cast<std::uint64_t>((words[position / 8] >> low) & ((1 << count) - 1)) << done;
    position += static_cast<std::size_t>(count);
    done += count;
  }
  if (is_signed && (value >> (bits - 1)) != 0 && bits < 64) value |= ~std::uint64_t(0) << bits;
  return static_cast<std::int64_t>(value);
}
"""
_BIT_OF = """
// The bit position of an element where words of `word` bits hold `lanes` elements of `bits` bits and some padding.
inline std::size_t bit_of(std::size_t element, std::size_t lanes, std::size_t word, std::size_t bits) {
  return element / lanes * word + element % lanes * bits;
}
"""
_CHECKED = """
// A value that its port can carry.
inline std::int64_t checked(std::int64_t value, std::int64_t low, std::int64_t high) {
  if (value < low || value > high) throw std::invalid_argument("an element is outside the type of its port");
  return value;
}
"""

_HELPERS = {
    "maximum": _MAXIMUM,
    "minimum": _MINIMUM,
    "clip": _CLIP,
    "sign": _SIGN,
    "round_up": _ROUND_UP,
    "round_half_up": _ROUND_HALF_UP,
    "round_half_down": _ROUND_HALF_DOWN,
    "minifloat_step": _MINIFLOAT_STEP,
    "sigmoid": _SIGMOID,
    "softplus": _SOFTPLUS,
    "count_reached": _COUNT_REACHED,
    "to_integer": _TO_INTEGER,
    "softmax": _SOFTMAX,
    "top_k": _TOP_K,
    "arg_max": _ARG_MAX,
    "apply_steps": _APPLY_STEPS,
    "requantise": _REQUANTISE,
    "write_bits": _WRITE_BITS,
    "read_bits": _READ_BITS,
    "bit_of": _BIT_OF,
    "checked": _CHECKED,
}
_NEEDS = {"clip": ("maximum", "minimum"), "minifloat_step": ("maximum",), "softmax": ("maximum",)}
HELPER_NAMES = frozenset(_HELPERS)


def helper_text(used: Collection[str]) -> str:
    """The helpers `used` and those they need, in their order here."""
    wanted = set(used).union(*(_NEEDS.get(name, ()) for name in used))
    return "".join(text for name, text in _HELPERS.items() if name in wanted)
