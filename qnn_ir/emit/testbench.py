"""The C++ testbench: words from files through the accelerator to files."""

from collections.abc import Sequence
from dataclasses import dataclass

from qnn_ir.emit.interface import COSIM_FRAMES, Interface, Port


@dataclass(frozen=True)
class Wiring:
    """The inside of the top function, for the mode that runs every process as a thread."""

    declarations: str
    calls: Sequence[str]


def testbench(interface: Interface, wiring: Wiring) -> str:
    """The text of `tb.cpp`."""
    top = interface.top
    return "".join(
        [
            _USAGE,
            _MEMORY_USAGE if interface.memories else "",
            _TOP.format(top=top),
            _INCLUDES,
            _HELPERS,
            _PACKET_HELPER if any(port.has_last for port in interface.ports) else "",
            _MEMORY_HELPER if interface.memories else "",
            _threads(interface, wiring),
            _run(interface),
            _main(interface),
        ]
    )


_USAGE = """//
// Usage: tb FRAMES FILE... [--chunk FRAMES] [--time]
//
// One file per port, inputs first. A file holds the words of a port one after the other, little-endian, each padded to
// whole bytes. The frames go through the accelerator CHUNK at a time; --time prints the speed of the calls alone.
//
// Compiled with -DQNN_SIM_DEPTHS (and -pthread) every process is a thread and every stream has its declared depth: what
// deadlocks in hardware deadlocks there too.
"""

_MEMORY_USAGE = """//
// The files of memories that are the same for all frames come last.
"""

_TOP = """#ifdef QNN_SIM_DEPTHS
#include "{top}.cpp"
#define RUN run_processes
#else
#include "{top}.h"
#define RUN {top}
#endif
"""

_INCLUDES = """
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

"""

_HELPERS = """namespace {

typedef std::vector<unsigned char> Bytes;

void fail(const std::string &what) {
  std::fprintf(stderr, "tb: %s\\n", what.c_str());
  std::exit(2);
}

Bytes load(const char *path, size_t size) {
  std::ifstream file(path, std::ios::binary);
  const Bytes bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file) fail(std::string("cannot read ") + path);
  if (bytes.size() != size)
    fail(std::string(path) + ": " + std::to_string(bytes.size()) + " bytes, expected " + std::to_string(size));
  return bytes;
}

void store(const char *path, const Bytes &bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char *>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) fail(std::string("cannot write ") + path);
}

template <int BITS>
ap_uint<BITS> to_word(const unsigned char *bytes) {
  ap_uint<BITS> word = 0;
  for (int low = 0; low < BITS; low += 64) {
    const int width = BITS - low < 64 ? BITS - low : 64;
    unsigned long long limb = 0;
    for (int k = width / 8 - 1; k >= 0; --k) limb = limb << 8 | bytes[low / 8 + k];
    word.range(low + width - 1, low) = limb;
  }
  return word;
}

template <int BITS>
void to_bytes(const ap_uint<BITS> &word, unsigned char *bytes) {
  for (int low = 0; low < BITS; low += 64) {
    const int width = BITS - low < 64 ? BITS - low : 64;
    unsigned long long limb = word.range(low + width - 1, low).to_uint64();
    for (int k = 0; k < width / 8; ++k, limb >>= 8) bytes[low / 8 + k] = static_cast<unsigned char>(limb & 0xff);
  }
}

template <int BITS>
void feed(const unsigned char *bytes, size_t words, hls::stream<ap_uint<BITS> > &stream) {
  for (size_t i = 0; i < words; ++i) stream.write(to_word<BITS>(bytes + i * (BITS / 8)));
}

"""

_PACKET_HELPER = """template <int BITS, typename WORD>
void drain(hls::stream<WORD> &stream, size_t words, unsigned char *bytes) {
  for (size_t i = 0; i < words; ++i) {
    const WORD word = stream.read();
    if ((word.last != 0) != (i + 1 == words)) fail("the last word, and no other, must be marked as last");
    if (word.keep != ap_uint<BITS / 8>(-1)) fail("every byte of a word must be kept");
    to_bytes<BITS>(word.data, bytes + i * (BITS / 8));
  }
}

"""

_MEMORY_HELPER = """template <int BITS>
std::vector<ap_uint<BITS> > load_words(const char *path, size_t words) {
  const Bytes bytes = load(path, words * (BITS / 8));
  std::vector<ap_uint<BITS> > result(words);
  for (size_t i = 0; i < words; ++i) result[i] = to_word<BITS>(bytes.data() + i * (BITS / 8));
  return result;
}

"""


def _threads(interface: Interface, wiring: Wiring) -> str:
    """The top function once more, each call in its own thread."""
    calls = ",\n".join(f"      [&] {{ {call}; }}" for call in wiring.calls)
    return (
        "#ifdef QNN_SIM_DEPTHS\n"
        + interface.signature("run_processes")
        + " {\n"
        + wiring.declarations
        + "  hls::sim::run({\n"
        + calls
        + "\n  });\n}\n#endif\n\n"
    )


def _run(interface: Interface) -> str:
    """One chunk: fill the inputs, call, empty the outputs; the seconds of the call are returned."""
    ports = interface.ports
    parameters = [
        f"const unsigned char *{p.name}_bytes" if p.is_input else f"unsigned char *{p.name}_bytes" for p in ports
    ] + [f"const {m.word} *{m.name}" for m in interface.memories]
    vectors = {p.name for p in ports if p.in_memory}
    arguments = ", ".join(f"{name}.data()" if name in vectors else name for name in interface.arguments)
    lines = [
        f"double run({', '.join(parameters)}, unsigned frames) {{",
        *(_local(p) for p in ports),
        *(f"  feed({p.name}_bytes, {_words(p)}, {p.name});" for p in interface.inputs if not p.in_memory),
        "  const auto start = std::chrono::steady_clock::now();",
        f"  RUN({arguments});",
        "  const auto end = std::chrono::steady_clock::now();",
        *(_take(p) for p in interface.outputs if not p.in_memory),
        *(_left_over(p) for p in ports if not p.in_memory),
        *(_from_memory(p) for p in interface.outputs if p.in_memory),
        "  return std::chrono::duration<double>(end - start).count();",
        "}\n\n}  // namespace\n",
    ]
    return "\n".join(lines) + "\n"


def _words(port: Port) -> str:
    return f"size_t(frames) * {port.beats_constant}"


def _local(port: Port) -> str:
    if not port.in_memory:
        return f'  hls::stream<{port.stream_word} > {port.name}("{port.name}");'
    room = f"size_t(frames < {COSIM_FRAMES} ? {COSIM_FRAMES} : frames) * {port.beats_constant}"
    lines = [f"  std::vector<{port.word} > {port.name}({room});"]
    if port.is_input:
        lines.append(
            f"  for (size_t i = 0; i < {_words(port)}; ++i)\n"
            f"    {port.name}[i] = to_word<{port.bits}>({port.name}_bytes + i * {port.bits // 8});"
        )
    return "\n".join(lines)


def _take(port: Port) -> str:
    words = _words(port)
    missing = f'fail("{port.name}: fewer words than the frames need")'
    drain = f"drain<{port.bits}>({port.name}, {words}, {port.name}_bytes);"
    return f"  if ({port.name}.size() < {words}) {missing};\n  {drain}"


def _left_over(port: Port) -> str:
    return f'  if (!{port.name}.empty()) fail("{port.name}: words left over");'


def _from_memory(port: Port) -> str:
    return (
        f"  for (size_t i = 0; i < {_words(port)}; ++i)\n"
        f"    to_bytes<{port.bits}>({port.name}[i], {port.name}_bytes + i * {port.bits // 8});"
    )


def _main(interface: Interface) -> str:
    ports = interface.ports
    size = {p.name: f"{p.beats_constant} * {p.bits // 8}" for p in ports}
    loads = [
        f"  const Bytes {p.name} = load(argv[{2 + i}], frames * {size[p.name]});"
        if p.is_input
        else f"  Bytes {p.name}(frames * {size[p.name]});"
        for i, p in enumerate(ports)
    ]
    loads += [
        f"  const std::vector<{m.word} > {m.name} = load_words<{m.bits}>(argv[{i}], {m.words});"
        for i, m in enumerate(interface.memories, 2 + len(ports))
    ]
    data = [f"{p.name}.data() + done * {size[p.name]}" for p in ports]
    data += [f"{m.name}.data()" for m in interface.memories]
    stores = [f"  store(argv[{2 + i}], {p.name});" for i, p in enumerate(ports) if not p.is_input]
    return _MAIN.format(
        files=" ".join(p.name.upper() for p in (*ports, *interface.memories)),
        first_option=2 + len(ports) + len(interface.memories),
        loads="\n".join(loads),
        arguments=", ".join(data),
        stores="\n".join(stores),
    )


_MAIN = """
int main(int argc, char **argv) {{
  if (argc < {first_option}) fail("usage: tb FRAMES {files} [--chunk FRAMES] [--time]");
  const size_t frames = std::strtoul(argv[1], nullptr, 10);
  size_t chunk = 64;
  bool timed = false;
  for (int i = {first_option}; i < argc; ++i) {{
    if (std::strcmp(argv[i], "--time") == 0) timed = true;
    else if (std::strcmp(argv[i], "--chunk") == 0 && i + 1 < argc) chunk = std::strtoul(argv[++i], nullptr, 10);
    else fail(std::string("unknown option ") + argv[i]);
  }}
  if (chunk == 0) fail("--chunk needs a positive number");
{loads}
  double seconds = 0;
  for (size_t done = 0; done < frames; done += chunk) {{
    const size_t now = frames - done < chunk ? frames - done : chunk;
    seconds += run({arguments}, static_cast<unsigned>(now));
  }}
{stores}
  if (timed) std::printf("%zu frames in %.6f s, %.0f frames/s\\n", frames, seconds, double(frames) / seconds);
  return 0;
}}
"""
