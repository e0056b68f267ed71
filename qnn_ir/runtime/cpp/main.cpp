// Example: classifies the frames of a .npy file, or measures the speed of the accelerator.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

#include "driver.h"

namespace {

const char usage[] =
    "usage: run [--input X.npy]... [--labels Y.npy] [--output Y.npy] [--throughput] [--weights LAYER=W.npy]...\n"
    "           [--folder DIR] [--batch N] [--timeout S] [--memory NAME | ADDRESS:SIZE] [--length-bits N]\n"
    "           [--bitstream FILE.xclbin] [--device N]\n";

struct Options {
  std::vector<std::string> inputs, weights;
  std::map<std::string, std::string> values = {{"--folder", ".."}, {"--batch", "0"}, {"--timeout", "10"},
                                               {"--length-bits", "26"}, {"--device", "0"}};
  bool throughput = false;

  std::string value(const char *name) const {
    const auto found = values.find(name);
    return found == values.end() ? "" : found->second;
  }
  long number(const char *name) const { return std::strtol(value(name).c_str(), nullptr, 10); }
};

Options parse(int count, char **texts) {
  const std::vector<std::string> known = {"--labels", "--output", "--folder",    "--batch", "--timeout",
                                          "--memory", "--device", "--bitstream", "--length-bits"};
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string name = texts[i];
    if (name == "--throughput") {
      options.throughput = true;
      continue;
    }
    const bool many = name == "--input" || name == "--weights";
    if (i + 1 == count || (!many && std::find(known.begin(), known.end(), name) == known.end()))
      throw qnn::Error("unknown or incomplete option " + name + "\n" + usage);
    const std::string value = texts[++i];
    if (name == "--input") options.inputs.push_back(value);
    else if (name == "--weights") options.weights.push_back(value);
    else options.values[name] = value;
  }
  return options;
}

std::unique_ptr<qnn::Backend> backend(const qnn::Network &network, const Options &options) {
  std::string bitstream = options.value("--bitstream");
  if (bitstream.empty()) bitstream = options.value("--folder") + "/" + network.bitstream;
  const std::string suffix = ".xclbin";
  if (bitstream.size() < suffix.size() || bitstream.substr(bitstream.size() - suffix.size()) != suffix)
    return qnn::linux_backend(network, options.value("--memory"), static_cast<int>(options.number("--length-bits")));
#ifdef QNN_XRT
  return qnn::xrt_backend(network, bitstream, static_cast<unsigned>(options.number("--device")));
#else
  throw qnn::Error("this program was made without XRT; make it with: make XRT=/opt/xilinx/xrt");
#endif
}

// The place of the largest output of each frame, or the output itself where it is one number.
std::vector<long> classes(const qnn::Array &output) {
  std::vector<long> result;
  const std::size_t item = output.type == qnn::float32 ? sizeof(float) : sizeof(std::int64_t);
  const std::size_t size = output.bytes.size() / item / output.frames();
  const auto at = [&](std::size_t i) {
    return output.type == qnn::float32 ? output.data<float>()[i] : static_cast<double>(output.data<std::int64_t>()[i]);
  };
  for (std::size_t n = 0; n < output.frames(); ++n) {
    std::size_t best = 0;
    for (std::size_t i = 1; i < size; ++i)
      if (at(n * size + i) > at(n * size + best)) best = i;
    result.push_back(size == 1 ? static_cast<long>(at(n)) : static_cast<long>(best));
  }
  return result;
}

void classify(qnn::Accelerator &accelerator, const Options &options, const qnn::Network &network) {
  std::vector<qnn::Array> inputs;
  for (const std::string &path : options.inputs) inputs.push_back(qnn::read_npy(path));
  for (std::size_t i = 0; i < inputs.size() && i < network.inputs.size(); ++i)
    if (inputs[i].type != network.inputs[i].type) inputs[i] = qnn::converted(inputs[i], network.inputs[i].type);
  const std::vector<qnn::Array> outputs = accelerator.predict(inputs);
  const std::vector<long> found = classes(outputs[0]);
  std::printf("%zu frames\nclasses", found.size());
  for (std::size_t i = 0; i < found.size() && i < 10; ++i) std::printf(" %ld", found[i]);
  std::printf("%s\n", found.size() > 10 ? " ..." : "");
  if (!options.value("--output").empty()) qnn::write_npy(options.value("--output"), outputs[0]);
  if (options.value("--labels").empty()) return;
  const qnn::Array labels = qnn::converted(qnn::read_npy(options.value("--labels")), qnn::int64);
  if (labels.bytes.size() != found.size() * sizeof(std::int64_t)) throw qnn::Error("give one label per frame");
  std::size_t right = 0;
  for (std::size_t i = 0; i < found.size(); ++i) right += labels.data<std::int64_t>()[i] == found[i];
  std::printf("accuracy %.2f%%\n", 100.0 * static_cast<double>(right) / static_cast<double>(found.size()));
}

void load_weights(qnn::Accelerator &accelerator, const std::string &text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos) throw qnn::Error("--weights " + text + "; write --weights LAYER=W.npy");
  const qnn::Array matrix = qnn::converted(qnn::read_npy(text.substr(equals + 1)), qnn::int64);
  const std::int64_t *first = matrix.data<std::int64_t>();
  accelerator.load_weights(text.substr(0, equals), {first, first + matrix.bytes.size() / sizeof(std::int64_t)});
}

}  // namespace

int main(int argc, char **argv) {
  try {
    const Options options = parse(argc, argv);
    const qnn::Network &network = qnn::network();
    qnn::Accelerator accelerator(network, backend(network, options), options.value("--folder"),
                                 static_cast<std::size_t>(options.number("--batch")),
                                 std::strtod(options.value("--timeout").c_str(), nullptr));
    for (const std::string &text : options.weights) load_weights(accelerator, text);
    if (!options.inputs.empty()) classify(accelerator, options, network);
    if (options.throughput) {
      const qnn::Speed speed = accelerator.throughput(2);
      std::printf("accelerator alone: %.0f frames/s in batches of %zu, %.1f MB/s, latency %.3f ms\n",
                  speed.frames_per_s, speed.batch, speed.mbytes_per_s, speed.latency_ms);
    }
  } catch (const std::exception &error) {
    std::fprintf(stderr, "run: error: %s\n", error.what());
    return 1;
  }
  return 0;
}
