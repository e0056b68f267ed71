// Operators of the simulation integers. Included by ap_int.h.
#ifndef QNN_SIM_AP_INT_OPS_H
#define QNN_SIM_AP_INT_OPS_H

namespace qnn_sim {

// Widths and signs of results, for operands of W and W2 bits (UG1399, "Arbitrary Precision Data Types Library").
template <int W, bool S, int W2, bool S2>
struct result {
  enum {
    logic_w = max(W + int(S2 && !S), W2 + int(S && !S2)),  // holds both operands
    logic_s = S || S2,
    plus_w = logic_w + 1,
    plus_s = S || S2,
    minus_w = logic_w + 1,
    minus_s = true,
    mult_w = W + W2,
    mult_s = S || S2,
    div_w = W + int(S2),
    div_s = S || S2,
    mod_w = min(W, W2 + int(!S2 && S)),
    mod_s = S
  };
};

template <int W, bool S>
struct number {
  typedef typename std::conditional<S, ap_int<W>, ap_uint<W>>::type type;
};

// Whether a calculation of W bits on these operands runs in native integers.
template <int W, int A, int B>
struct is_native : std::integral_constant<bool, (max(W, max(A, B)) <= kNativeBits)> {};

// R(a op b) where R holds the exact result: native integers, then limbs.
#define QNN_SIM_EXACT(NAME, SYM)                                                                       \
  struct NAME {                                                                                        \
    template <class R, class C, class A, class B>                                                      \
    static constexpr R run(const A& a, const B& b, std::true_type) {                                   \
      R r{};                                                                                           \
      r.w.v = static_cast<decltype(r.w.v)>(a.w.template low<C>() SYM b.w.template low<C>());           \
      return r;                                                                                        \
    }                                                                                                  \
    template <class R, class C, class A, class B>                                                      \
    static constexpr R run(const A& a, const B& b, std::false_type) {                                  \
      R r{};                                                                                           \
      limbs(r.w, a.w, b.w);                                                                            \
      return r;                                                                                        \
    }                                                                                                  \
    template <class R, class A, class B>                                                               \
    static constexpr void limbs(R& r, const A& a, const B& b);                                         \
  };                                                                                                   \
  template <class R, class A, class B>                                                                 \
  constexpr void NAME::limbs(R& r, const A& a, const B& b)

QNN_SIM_EXACT(add, +) { limbs_add(r.v, R::kLimbs, a, b); }
QNN_SIM_EXACT(sub, -) { limbs_sub(r.v, R::kLimbs, a, b); }
QNN_SIM_EXACT(mul, *) { limbs_mul(r.v, R::kLimbs, a, b); }
QNN_SIM_EXACT(bit_and, &) {
  for (int i = 0; i < R::kLimbs; ++i) r.v[i] = a.limb(i) & b.limb(i);
}
QNN_SIM_EXACT(bit_or, |) {
  for (int i = 0; i < R::kLimbs; ++i) r.v[i] = a.limb(i) | b.limb(i);
}
QNN_SIM_EXACT(bit_xor, ^) {
  for (int i = 0; i < R::kLimbs; ++i) r.v[i] = a.limb(i) ^ b.limb(i);
}
#undef QNN_SIM_EXACT

// Quotient and remainder truncate towards zero, as in C. C holds both operands and the quotient.
template <bool Quotient, class R, class C, class A, class B>
constexpr R divide(const A& a, const B& b, std::true_type) {
  const C y = b.w.template low<C>();
  if (y == 0) fail("ap_int: division by zero");
  word<128, true> r{int128(Quotient ? a.w.template low<C>() / y : a.w.template low<C>() % y)};
  R out{};
  out.w.assign(r);
  return out;
}
template <bool Quotient, class R, class C, class A, class B>
constexpr R divide(const A& a, const B& b, std::false_type) {
  if (!b.or_reduce()) fail("ap_int: division by zero");
  constexpr int n = max(A::width, B::width) / 64 + 1;  // magnitudes with room for the sign
  uint64_t x[n] = {}, y[n] = {}, q[n] = {}, rem[n] = {};
  for (int i = 0; i < n; ++i) x[i] = a.w.limb(i), y[i] = b.w.limb(i);
  if (a.sign()) limbs_negate(x, n);
  if (b.sign()) limbs_negate(y, n);
  limbs_divide(q, rem, x, y, n);
  if (a.sign() != b.sign()) limbs_negate(q, n);
  if (a.sign()) limbs_negate(rem, n);
  word<n * 64 + 128, true> wide{};  // wide enough to be kept in limbs
  for (int i = 0; i < n + 2; ++i) {
    const uint64_t* from = Quotient ? q : rem;
    wide.v[i] = i < n ? from[i] : (from[n - 1] >> 63 ? ~uint64_t(0) : 0);
  }
  R out{};
  out.w.assign(wide);
  return out;
}

// The operand trait as a filter: native integers and proxies, but not numbers themselves.
template <class T>
using operand_t = typename operand_of<T>::type;

}  // namespace qnn_sim

// `number op number` is given by the macro's user; `number op other` and `other op number` follow from it.
#define QNN_SIM_MIXED(SYM)                                                                                      \
  template <int W, bool S, class T, class V = qnn_sim::operand_t<T>>                                            \
  constexpr auto operator SYM(const ap_int_base<W, S>& a, const T& b)->decltype(a SYM std::declval<const V&>()) { \
    return a SYM qnn_sim::operand(b);                                                                           \
  }                                                                                                             \
  template <int W, bool S, class T, class V = qnn_sim::operand_t<T>>                                            \
  constexpr auto operator SYM(const T& a, const ap_int_base<W, S>& b)->decltype(std::declval<const V&>() SYM b) { \
    return qnn_sim::operand(a) SYM b;                                                                           \
  }

#define QNN_SIM_BINARY(SYM, FUNCTION, RULE)                                                                        \
  template <int W, bool S, int W2, bool S2, class Q = qnn_sim::result<W, S, W2, S2>>                               \
  constexpr typename qnn_sim::number<Q::RULE##_w, Q::RULE##_s>::type operator SYM(const ap_int_base<W, S>& a,      \
                                                                                  const ap_int_base<W2, S2>& b) { \
    typedef typename qnn_sim::number<Q::RULE##_w, Q::RULE##_s>::type R;                                            \
    typedef qnn_sim::is_native<Q::RULE##_w, W, W2> native;                                                         \
    typedef typename qnn_sim::calc<qnn_sim::min(Q::RULE##_w, 128), Q::RULE##_s>::type C;                           \
    return qnn_sim::FUNCTION::template run<R, C>(a, b, native());                                                  \
  }                                                                                                                \
  QNN_SIM_MIXED(SYM)

QNN_SIM_BINARY(+, add, plus)
QNN_SIM_BINARY(-, sub, minus)
QNN_SIM_BINARY(*, mul, mult)
QNN_SIM_BINARY(&, bit_and, logic)
QNN_SIM_BINARY(|, bit_or, logic)
QNN_SIM_BINARY(^, bit_xor, logic)
#undef QNN_SIM_BINARY

#define QNN_SIM_DIVISION(SYM, QUOTIENT, RULE)                                                                      \
  template <int W, bool S, int W2, bool S2, class Q = qnn_sim::result<W, S, W2, S2>>                               \
  constexpr typename qnn_sim::number<Q::RULE##_w, Q::RULE##_s>::type operator SYM(const ap_int_base<W, S>& a,      \
                                                                                  const ap_int_base<W2, S2>& b) { \
    typedef typename qnn_sim::number<Q::RULE##_w, Q::RULE##_s>::type R;                                            \
    typedef qnn_sim::is_native<Q::plus_w, W, W2> native;                                                           \
    typedef typename qnn_sim::calc<qnn_sim::min(Q::plus_w, 128), Q::plus_s>::type C;                               \
    return qnn_sim::divide<QUOTIENT, R, C>(a, b, native());                                                        \
  }                                                                                                                \
  QNN_SIM_MIXED(SYM)

QNN_SIM_DIVISION(/, true, div)
QNN_SIM_DIVISION(%, false, mod)
#undef QNN_SIM_DIVISION

// ---- Comparisons are of values, whatever the signs and widths.

namespace qnn_sim {

template <class C, class A, class B>
constexpr int compare(const A& a, const B& b, std::true_type) {
  return (a.w.template low<C>() > b.w.template low<C>()) - (a.w.template low<C>() < b.w.template low<C>());
}
template <class C, class A, class B>
constexpr int compare(const A& a, const B& b, std::false_type) {
  return limbs_compare(max(A::width, B::width) / 64 + 1, a.w, b.w);
}

}  // namespace qnn_sim

#define QNN_SIM_COMPARE(SYM)                                                                  \
  template <int W, bool S, int W2, bool S2, class Q = qnn_sim::result<W, S, W2, S2>>          \
  constexpr bool operator SYM(const ap_int_base<W, S>& a, const ap_int_base<W2, S2>& b) {     \
    typedef typename qnn_sim::calc<qnn_sim::min(Q::logic_w, 128), Q::logic_s>::type C;        \
    typedef qnn_sim::is_native<Q::logic_w, W, W2> native;                                     \
    return native::value ? a.w.template low<C>() SYM b.w.template low<C>()                    \
                         : qnn_sim::compare<C>(a, b, std::false_type()) SYM 0;                \
  }                                                                                           \
  QNN_SIM_MIXED(SYM)

QNN_SIM_COMPARE(==)
QNN_SIM_COMPARE(!=)
QNN_SIM_COMPARE(<)
QNN_SIM_COMPARE(<=)
QNN_SIM_COMPARE(>)
QNN_SIM_COMPARE(>=)
#undef QNN_SIM_COMPARE
#undef QNN_SIM_MIXED

// ---- Shifts. A negative amount shifts the other way; an amount beyond the width shifts everything out.

namespace qnn_sim {

template <int W, bool S>
constexpr void shift_left(word<W, S, true>& w, unsigned n) {
  typedef typename calc<W, false>::type C;
  w.v = n >= unsigned(W) ? 0 : w.wrap(typename word<W, S>::bits(C(w.v) << n));
}
template <int W, bool S>
constexpr void shift_right(word<W, S, true>& w, unsigned n) {
  typedef decltype(w.v) V;
  w.v = n < unsigned(W) ? V(w.v >> n) : (w.negative() ? V(-1) : V(0));
}
template <int W, bool S>
constexpr void shift_left(word<W, S, false>& w, unsigned n) {
  const int skip = n >= unsigned(W) ? int(w.kLimbs) : int(n / 64);
  for (int i = w.kLimbs - 1; i >= 0; --i) {
    const uint64_t here = i >= skip ? w.v[i - skip] : 0;
    const uint64_t below = i > skip ? w.v[i - skip - 1] : 0;
    w.v[i] = (here << (n % 64)) | ((below >> 1) >> (63 - n % 64));
  }
  w.extend();
}
template <int W, bool S>
constexpr void shift_right(word<W, S, false>& w, unsigned n) {
  const int skip = n >= unsigned(W) ? int(w.kLimbs) : int(n / 64);
  const uint64_t fill = w.negative() ? ~uint64_t(0) : 0;
  for (int i = 0; i < int(w.kLimbs); ++i) {
    const uint64_t here = i + skip < int(w.kLimbs) ? w.v[i + skip] : fill;
    const uint64_t above = i + skip + 1 < int(w.kLimbs) ? w.v[i + skip + 1] : fill;
    w.v[i] = (here >> (n % 64)) | ((above << 1) << (63 - n % 64));
  }
}

template <class X, class N>
constexpr X shifted(const X& x, const N& amount, bool left) {
  const bool back = amount.sign();
  // -amount of the most negative amount does not fit int, so the magnitude is taken unsigned.
  const unsigned n = back ? 0u - amount.to_uint() : amount.to_uint();
  X r(x);
  if (left != back) {
    shift_left(r.w, n);
  } else {
    shift_right(r.w, n);
  }
  return r;
}

}  // namespace qnn_sim

#define QNN_SIM_SHIFT(SYM, LEFT)                                                                              \
  template <int W, bool S, int W2, bool S2>                                                                   \
  constexpr typename qnn_sim::number<W, S>::type operator SYM(const ap_int_base<W, S>& a,                     \
                                                              const ap_int_base<W2, S2>& n) {                 \
    return qnn_sim::shifted(typename qnn_sim::number<W, S>::type(a), n, LEFT);                                \
  }                                                                                                           \
  template <int W, bool S, class T, class V = qnn_sim::operand_t<T>>                                          \
  constexpr typename qnn_sim::number<W, S>::type operator SYM(const ap_int_base<W, S>& a, const T& n) {       \
    return a SYM qnn_sim::operand(n);                                                                         \
  }                                                                                                           \
  template <int W, bool S, class T>                                                                           \
  constexpr ap_int_base<W, S>& operator SYM##=(ap_int_base<W, S>& a, const T& n) {                            \
    return a = qnn_sim::shifted(a, qnn_sim::operand(n), LEFT);                                                \
  }

QNN_SIM_SHIFT(<<, true)
QNN_SIM_SHIFT(>>, false)
#undef QNN_SIM_SHIFT

// ---- Compound assignment: the exact result modulo 2^W.

#define QNN_SIM_ASSIGN(SYM)                                                                \
  template <int W, bool S, class T>                                                        \
  constexpr ap_int_base<W, S>& operator SYM##=(ap_int_base<W, S>& a, const T& b) {         \
    return a = ap_int_base<W, S>(a SYM qnn_sim::operand(b));                               \
  }

QNN_SIM_ASSIGN(+)
QNN_SIM_ASSIGN(-)
QNN_SIM_ASSIGN(*)
QNN_SIM_ASSIGN(&)
QNN_SIM_ASSIGN(|)
QNN_SIM_ASSIGN(^)
QNN_SIM_ASSIGN(/)
QNN_SIM_ASSIGN(%)
#undef QNN_SIM_ASSIGN

// ---- Concatenation: (high, low)

template <class A, class B>
constexpr auto operator,(const A& high, const B& low)
    ->ap_concat_ref<decltype(qnn_sim::part(high)), decltype(qnn_sim::part(low))> {
  return {qnn_sim::part(high), qnn_sim::part(low)};
}

#endif
