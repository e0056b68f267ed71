// Every operation of ap_int/ap_uint that generated code may use, on one pair of operand types.
// Printed with the width and sign of each result, so that two headers that print alike agree on types and values.
#include <cstdio>
#include <iostream>
#include <sstream>

#include "ap_int.h"

template <int W, bool S>
void show(const char* what, const ap_int_base<W, S>& x) {
  std::printf("%s <%d,%d>", what, W, int(S));
  for (int lo = 0; lo < W; lo += 32) {
    const int hi = lo + 31 < W ? lo + 31 : W - 1;
    std::printf(" %08llx", (unsigned long long)(x.range(hi, lo).to_uint64()));
  }
  std::printf("\n");
}

inline void show(const char* what, long long x) { std::printf("%s %lld\n", what, x); }

#define SHOW(EXPRESSION) show(#EXPRESSION, EXPRESSION)
#define SHOW_BOOL(EXPRESSION) show(#EXPRESSION, (long long)bool(EXPRESSION))
#define SHOW_ASSIGN(STATEMENT) \
  {                            \
    A x = a;                   \
    STATEMENT;                 \
    show(#STATEMENT, x);       \
  }

template <int W, bool S>
constexpr bool is_signed(const ap_int_base<W, S>&) {
  return S;
}

// Division and comparison of a negative with an unsigned number: AMD's simulation computes modulo 2^64 there, as C
// does, ours by value. Generated code never mixes signs so; test_sim_headers.py tests ours against exact integers.
template <class A, class B>
bool mixed_signs(const A& a, const B& b) {
  return is_signed(a) != is_signed(b) && (a.sign() || b.sign());
}

template <class A, class B>
void arithmetic(const A& a, const B& b) {
  SHOW(a + b);
  SHOW(a - b);
  SHOW(a * b);
  SHOW(a & b);
  SHOW(a | b);
  SHOW(a ^ b);
  SHOW(~a);
  SHOW(-a);
  SHOW(+a);
  SHOW_ASSIGN(x = b);
  SHOW_ASSIGN(x += b);
  SHOW_ASSIGN(x -= b);
  SHOW_ASSIGN(x *= b);
  SHOW_ASSIGN(x &= b);
  SHOW_ASSIGN(x |= b);
  SHOW_ASSIGN(x ^= b);
  SHOW_ASSIGN(++x);
  SHOW_ASSIGN(--x);
  SHOW_ASSIGN(x = x++ + x);
  SHOW_ASSIGN(x = x-- - x);
  if (b == 0 || mixed_signs(a, b)) return;
  SHOW(a / b);
  SHOW(a % b);
  SHOW_ASSIGN(x /= b);
  SHOW_ASSIGN(x %= b);
}

template <class A, class B>
void comparisons(const A& a, const B& b) {
  SHOW_BOOL(!a);
  SHOW_BOOL(a == A(a));
  // Reductions of negative or wide numbers and of ranges are wrong in AMD's simulation.
  const ap_uint<A::width> u = a;
  SHOW_BOOL(u.or_reduce());
  SHOW_BOOL(u.nor_reduce());
  SHOW_BOOL(u.and_reduce());
  SHOW_BOOL(u.xor_reduce());
  SHOW_BOOL(u.xnor_reduce());
  if (mixed_signs(a, b)) return;
  SHOW_BOOL(a == b);
  SHOW_BOOL(a != b);
  SHOW_BOOL(a < b);
  SHOW_BOOL(a <= b);
  SHOW_BOOL(a > b);
  SHOW_BOOL(a >= b);
}

template <class A>
void native(const A& a, int i, unsigned u, long long l, unsigned char c, bool t) {
  SHOW(a + i);
  SHOW(i + a);
  SHOW(a - u);
  SHOW(u - a);
  SHOW(a * l);
  SHOW(l * a);
  SHOW(a & c);
  SHOW(c | a);
  SHOW(a ^ t);
  SHOW(a + 1);
  SHOW(3u * a);
  SHOW_ASSIGN(x = i);
  SHOW_ASSIGN(x = u);
  SHOW_ASSIGN(x = l);
  SHOW_ASSIGN(x = c);
  SHOW_ASSIGN(x = t);
  SHOW_ASSIGN(x += i);
  SHOW_ASSIGN(x -= u);
  SHOW_ASSIGN(x *= 3);
  SHOW_ASSIGN(x |= c);
  show("to_int", a.to_int());
  show("to_uint", a.to_uint());
  show("to_int64", a.to_int64());
  show("to_uint64", (long long)(a.to_uint64()));
  show("length", a.length());
  show("convert", (long long)(a));
  SHOW_BOOL(a == 0);
  SHOW_BOOL(0 != a);
  if (mixed_signs(a, ap_int<64>(l)) || mixed_signs(a, ap_int<32>(i)) || mixed_signs(a, ap_uint<32>(u))) return;
  SHOW_BOOL(a < i);
  SHOW_BOOL(u >= a);
  SHOW_BOOL(a == l);
  SHOW_BOOL(0 > a);
  SHOW(a / 7);
  SHOW(a % 7u);
}

template <class A>
void shifts(const A& a, int n) {
  const ap_uint<6> n6 = n;
  const ap_int<8> n8 = n & 63;
  SHOW(a << n);
  SHOW(a >> n);
  SHOW(a << unsigned(n));
  SHOW(a >> unsigned(n));
  SHOW(a << n6);
  SHOW(a >> n6);
  SHOW(a << n8);
  SHOW(a >> n8);
  SHOW(a << 1);
  SHOW(a >> 1);
  SHOW_ASSIGN(x <<= n);
  SHOW_ASSIGN(x >>= n);
  SHOW_ASSIGN(x <<= n6);
  SHOW_ASSIGN(x >>= n6);
}

// hi >= lo are bits of a and of b.
template <class A, class B>
void bits(const A& a, const B& b, int hi, int lo) {
  show("range", (unsigned long long)(a.range(hi, lo).to_uint64()));
  show("length", a.range(hi, lo).length());
  SHOW_ASSIGN(x = a.range(hi, lo));
  SHOW_ASSIGN(x = a(hi, lo));
  SHOW_ASSIGN(x = b.range(hi, lo));
  SHOW_ASSIGN(x.range(hi, lo) = b);
  SHOW_ASSIGN(x(hi, lo) = 5);
  SHOW_ASSIGN(x(hi, lo) = -1);
  SHOW_ASSIGN(x.range(hi, lo) = b.range(hi, lo));
  SHOW_ASSIGN(x.range(hi, lo) = x.range(hi - lo, 0));
  SHOW_ASSIGN(x[lo] = 1);
  SHOW_ASSIGN(x[hi] = b[lo]);
  SHOW_ASSIGN(x[hi] = x[lo]);
  SHOW_ASSIGN(x[hi] = !x[lo]);
  SHOW_ASSIGN(x.set_bit(lo, false));
  SHOW_ASSIGN(x.set(hi));
  SHOW_ASSIGN(x.clear(lo));
  SHOW_ASSIGN(x.invert(hi));
  SHOW_ASSIGN(x.reverse());
  SHOW_ASSIGN(x.b_not());
  SHOW_BOOL(a[hi]);
  SHOW_BOOL(a.bit(lo));
  SHOW_BOOL(a.test(lo));
  if (!b.sign()) {
    SHOW_BOOL(a.range(hi, lo) == b);
    SHOW_BOOL(b < a.range(hi, lo));
  }
  SHOW_ASSIGN(x = a.range(hi, lo) + b);
  SHOW_ASSIGN(x = b - a.range(hi, lo));
}

template <class A, class B>
void concatenation(const A& a, const B& b) {
  enum { W = A::width + B::width };
  const ap_uint<W> joined = (a, b);
  show("(a, b)", joined);
  show("concat", ap_uint<W>(a.concat(b)));
  show("three", ap_uint<W + B::width>((b, a, b)));
  A high;
  B low;
  (high, low) = ap_uint<W>(joined * 5 + 1);
  show("high", high);
  show("low", low);
  B c = b;
  const ap_uint<A::width + 1> with_bit = (a, c[0]);
  show("(a, bit)", with_bit);
}

template <class A>
void text(const A& a) {
  std::stringstream s;
  s << a;
  std::printf("decimal %s %s\n", s.str().c_str(), a.to_string(10).c_str());
}

template <class A, class B>
void all(const char* a_text, const char* b_text, int n, int hi, int lo, long long l) {
  const A a(a_text, 16);
  const B b(b_text, 16);
  show("a", a);
  show("b", b);
  arithmetic(a, b);
  comparisons(a, b);
  native(a, int(l), unsigned(l), l, (unsigned char)(l), l & 1);
  shifts(a, n);
  bits(a, b, hi, lo);
  concatenation(a, b);
  text(a);
}
