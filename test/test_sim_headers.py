"""The C simulation headers: arithmetic against AMD's headers and against exact integers, and the streams."""

import random
import shutil
import subprocess
from pathlib import Path

import pytest
from ap_types import amd_include_dir

HERE = Path(__file__).parent
OURS = HERE.parent / "qnn_ir" / "include"
STRICT = ["-Wall", "-Wextra", "-Werror", "-Wno-unknown-pragmas"]
EDGES = [1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 191, 192, 200, 512, 784]
PAIRS_PER_PROGRAM = 5
VALUES_PER_PAIR = 5

needs_gcc = pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")
pytestmark = needs_gcc


def compile_cpp(source: Path, include: Path, *flags: str, compiler: str = "g++") -> Path:
    program = source.with_suffix(f".{len(list(source.parent.iterdir()))}.out")
    command = [compiler, "-std=c++14", *flags, f"-I{include}", f"-I{HERE / 'cpp'}", str(source), "-o", str(program)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr[:4000]
    return program


def run(program: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(program), *args], capture_output=True, text=True, timeout=60, check=False)


def random_type(rng: random.Random) -> tuple[str, int]:
    width = rng.choice(EDGES) if rng.random() < 0.6 else rng.randint(1, 100)
    return rng.choice(["ap_int", "ap_uint"]), width


def random_bits(rng: random.Random, width: int) -> int:
    corners = [0, 1, (1 << width) - 1, 1 << (width - 1), (1 << (width - 1)) - 1]
    return rng.getrandbits(width) if rng.random() < 0.6 else rng.choice(corners)


def random_program(seed: int) -> str:
    """Calls `all` of ap_int_operations.h on random pairs of types and values."""
    rng = random.Random(seed)
    lines = ['#include "ap_int_operations.h"', "int main() {"]
    for _ in range(PAIRS_PER_PROGRAM):
        (a, wa), (b, wb) = random_type(rng), random_type(rng)
        for _ in range(VALUES_PER_PAIR):
            lo = rng.randrange(min(wa, wb))
            hi = rng.randrange(lo, min(wa, wb))
            shift = rng.randrange(min(wa, 63) + 2)
            number = rng.randint(-(2**40), 2**40)
            values = f'"{random_bits(rng, wa):x}", "{random_bits(rng, wb):x}"'
            lines.append(f"  all<{a}<{wa}>, {b}<{wb}> >({values}, {shift}, {hi}, {lo}, {number}LL);")
    return "\n".join([*lines, "}", ""])


@pytest.mark.parametrize("seed", range(4))
def test_operations_agree_with_amd(tmp_path: Path, seed: int) -> None:
    amd = amd_include_dir(tmp_path)
    source = tmp_path / "operations.cpp"
    source.write_text(random_program(seed))
    expected = run(compile_cpp(source, amd, "-O0", "-w")).stdout
    ours = run(compile_cpp(source, OURS, "-O0", *STRICT)).stdout
    assert ours.count("\n") > 1500
    assert ours == expected


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_operations_are_clean_under_sanitizers(tmp_path: Path, compiler: str) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"needs {compiler}")
    source = tmp_path / "operations.cpp"
    source.write_text(random_program(100))
    plain = run(compile_cpp(source, OURS, "-O2", *STRICT, compiler=compiler))
    sanitizers = "-fsanitize=address,undefined"
    flags = ["-O1", sanitizers, "-fno-sanitize-recover=all", "-DQNN_SIM_CHECKS", *STRICT]
    checked = run(compile_cpp(source, OURS, *flags, compiler=compiler))
    assert checked.returncode == 0, checked.stderr
    assert checked.stdout == plain.stdout
    assert plain.stdout.count("\n") > 1500


def value_of(bits: int, width: int, signed: bool) -> int:
    return bits - (1 << width) if signed and bits >> (width - 1) else bits


def exact_lines(a: int, b: int, bits: int, width: int) -> list[str]:
    """What `exact` of the program below must print."""
    signs = -1 if (a < 0) != (b < 0) else 1
    division = [] if b == 0 else [signs * (abs(a) // abs(b)), abs(a) % abs(b) * (-1 if a < 0 else 1)]
    compared = [a == b, a != b, a < b, a <= b, a > b, a >= b]
    ones = bits.bit_count()
    reduced = [ones == width, ones > 0, ones % 2, ones != width, ones == 0, ones % 2 == 0]
    return [str(int(x)) for x in [*division, *compared, *reduced, a + b, a - b, a * b, -a]]


EXACT = """
#include <iostream>
#include "ap_int.h"
template <class A, class B>
void exact(const char* a_text, const char* b_text) {
  const A a(a_text, 16);
  const B b(b_text, 16);
  if (b != 0) std::cout << a / b << "\\n" << a % b << "\\n";
  std::cout << (a == b) << "\\n" << (a != b) << "\\n" << (a < b) << "\\n" << (a <= b) << "\\n" << (a > b) << "\\n";
  std::cout << (a >= b) << "\\n" << a.and_reduce() << "\\n" << a.range(A::width - 1, 0).or_reduce() << "\\n";
  std::cout << a.xor_reduce() << "\\n" << a.nand_reduce() << "\\n" << a.nor_reduce() << "\\n" << a.xnor_reduce();
  std::cout << "\\n" << a + b << "\\n" << a - b << "\\n" << a * b << "\\n" << -a << "\\n";
}
"""


def test_values_are_exact_for_mixed_signs(tmp_path: Path) -> None:
    """By value whatever the signs, where AMD's simulation is modulo 2^64; also division and reductions of any width."""
    rng = random.Random(7)
    lines, expected = [], list[str]()
    for _ in range(16):
        (na, wa), (nb, wb) = random_type(rng), random_type(rng)
        for _ in range(6):
            a, b = random_bits(rng, wa), random_bits(rng, wb)
            lines.append(f'  exact<{na}<{wa}>, {nb}<{wb}> >("{a:x}", "{b:x}");')
            expected += exact_lines(value_of(a, wa, na == "ap_int"), value_of(b, wb, nb == "ap_int"), a, wa)
    source = tmp_path / "exact.cpp"
    source.write_text(EXACT + "int main() {\n" + "\n".join(lines) + "\n}\n")
    assert run(compile_cpp(source, OURS, "-O0", *STRICT)).stdout.split() == expected


def test_static_properties(tmp_path: Path) -> None:
    source = tmp_path / "static.cpp"
    source.write_text("""
#include "ap_int.h"
template <class T> constexpr bool is_plain() {
  return std::is_trivially_copyable<T>::value && std::is_trivially_default_constructible<T>::value;
}
static_assert(is_plain<ap_int<7> >() && is_plain<ap_uint<500> >(), "copied as memory");
static_assert(sizeof(ap_int<8>) == 1 && sizeof(ap_int<9>) == 2 && sizeof(ap_uint<64>) == 8, "native words");
static_assert(sizeof(ap_uint<129>) == 24, "packed limbs");
constexpr ap_int<13> k = ap_int<8>(-3) * ap_int<5>(4) + 1;
static_assert(k == -11 && (k >> 1) == -6 && k(2, 0) == 5u, "constant expressions");
static_assert(std::is_same<decltype(ap_int<8>() * ap_uint<4>()), ap_int<12> >::value, "result type");
int main() { return ap_int<70>(-3.9) == -3 && ap_uint<200>(1e30).to_double() == 1e30 ? 0 : 1; }
""")
    assert run(compile_cpp(source, OURS, "-O1", *STRICT)).returncode == 0


def stream_program(tmp_path: Path, body: str, *flags: str) -> subprocess.CompletedProcess[str]:
    source = tmp_path / "streams.cpp"
    head = '#include <cstring>\n#include "ap_int.h"\n#include "hls_stream.h"\ntypedef ap_uint<100> word;\n'
    source.write_text(f"{head}int main(int argc, char** argv) {{\n  (void)argc, (void)argv;\n{body}\n}}\n")
    return run(compile_cpp(source, OURS, "-O1", "-fsanitize=address,undefined", *STRICT, *flags))


def test_stream_is_a_queue(tmp_path: Path) -> None:
    done = stream_program(
        tmp_path,
        """
  hls::stream<word> a("a");
  hls::stream<word, 4> b;
  b.set_name("b");
  word got, next = 0;
  unsigned long long written = 0;
  for (int round = 0; round < 300; ++round) {
    for (int i = 0; i < round; ++i) a << word(written++);
    for (int i = 0; i < round - (round % 7 != 0); ++i) {
      got = a.read();
      if (got != next++) return 1;
    }
  }
  if (a.max_size() < 299) return 2;
  while (!a.empty()) { a >> got; if (got != next++) return 3; }
  if (next != written || a.read_nb(got) || a.size() != 0) return 4;
  b.write(7);
  b.read(got);
  std::printf("%s %d %zu %d\\n", b.name().c_str(), got.to_int(), b.depth(), hls::sim::leftovers());
""",
    )
    assert (done.returncode, done.stdout) == (0, "b 7 4 0\n"), done.stderr


def test_read_of_an_empty_stream_aborts_with_its_name(tmp_path: Path) -> None:
    done = stream_program(tmp_path, 'hls::stream<word> s("fc0_out");\n  return s.read().to_int();')
    assert done.returncode != 0
    assert "error: read of empty stream 'fc0_out'" in done.stderr


def test_leftovers_are_errors(tmp_path: Path) -> None:
    told = "error: stream 'fc0_out' still holds 2 words at the end"
    write = 'hls::stream<word> s("fc0_out");\n  s << 1;\n  s << 2;\n'
    destroyed = stream_program(tmp_path, write + "  return 0;")
    assert (destroyed.returncode, told in destroyed.stderr) == (1, True)
    static = stream_program(tmp_path, "static " + write + "  return 0;")
    assert (static.returncode, told in static.stderr) == (1, True)
    asked = stream_program(
        tmp_path, write + "  const int n = hls::sim::leftovers();\n  s.read(); s.read();\n  return n + 4;"
    )
    assert (asked.returncode, told in asked.stderr) == (5, True)


FORK_JOIN = """
  hls::stream<word> in("in"), out("out");
  hls::stream<word, 2> a("a"), c("c");
  hls::stream<word> b("b");
  b.set_depth(DEPTH);
  for (int i = 0; i < 100; ++i) in << i;
  hls::sim::run({
      [&] { for (int i = 0; i < 100; ++i) { word x = in.read(); a << x; b << x; } },
      [&] { word x[10]; for (int i = 0; i < 10; ++i) {  // needs ten words before it emits one
              for (int j = 0; j < 10; ++j) x[j] = a.read();
              for (int j = 0; j < 10; ++j) c << x[j]; } },
      [&] { for (int i = 0; i < 100; ++i) { word x = c.read(); word y = b.read(); out << word(x + y); } }});
  for (int i = 0; i < 100; ++i) if (out.read() != 2 * i) return 1;
  for (const auto& s : hls::sim::occupancies())
    std::printf("%s %zu %zu\\n", s.first.c_str(), s.second.depth, s.second.max_size);
"""


def test_depths_are_honoured(tmp_path: Path) -> None:
    done = stream_program(tmp_path, FORK_JOIN.replace("DEPTH", "12"), "-DQNN_SIM_DEPTHS", "-pthread")
    assert done.returncode == 0, done.stderr
    lines = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    assert lines["a"] == "2 2"
    assert lines["c"] == "2 2"
    assert lines["b"] in {f"12 {n}" for n in (10, 11, 12)}
    assert lines["in"] == lines["out"] == "0 100"


def test_unbounded_by_default(tmp_path: Path) -> None:
    done = stream_program(tmp_path, FORK_JOIN.replace("DEPTH", "1"))
    assert done.returncode == 0, done.stderr
    assert "b 1 100" in done.stdout


def test_deadlock_names_the_streams(tmp_path: Path) -> None:
    done = stream_program(tmp_path, FORK_JOIN.replace("DEPTH", "5"), "-DQNN_SIM_DEPTHS", "-pthread")
    assert done.returncode != 0
    assert "error: deadlock: process 0 waits for space in stream 'b' (depth 5)" in done.stderr
    assert "process 1 waits for a word in stream 'a' (depth 2)" in done.stderr
