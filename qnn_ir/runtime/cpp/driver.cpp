#include "driver.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>
#include <numeric>
#include <thread>

namespace qnn {
namespace {

typedef std::chrono::steady_clock Clock;

const std::size_t buffer_bytes = 1 << 20, most_frames = 4096;
const int warm_up_calls = 3, latency_calls = 50;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::size_t product(const std::vector<std::size_t> &shape) {
  return std::accumulate(shape.begin(), shape.end(), std::size_t(1), std::multiplies<std::size_t>());
}

std::size_t size_of(Type type) { return type == float32 ? sizeof(float) : sizeof(std::int64_t); }

std::size_t largest(const std::vector<Port> &ports) {
  std::size_t size = 1;
  for (const Port &port : ports) size = std::max(size, port.frame_bytes);
  return size;
}

std::vector<std::size_t> sizes(const std::vector<Port> &ports, std::size_t frames) {
  std::vector<std::size_t> result;
  for (const Port &port : ports) result.push_back(port.frame_bytes * frames);
  return result;
}

std::size_t chosen_batch(const Network &network, std::size_t limit, std::size_t wanted) {
  const std::size_t out = largest(network.output_ports), size = std::max(largest(network.input_ports), out);
  if (limit && out > limit)
    throw Error("one frame has " + std::to_string(out) + " bytes of output, the DMA engine transfers at most " +
                std::to_string(limit));
  const std::size_t frames = wanted ? wanted : std::min(most_frames, std::max<std::size_t>(1, buffer_bytes / size));
  return limit ? std::min(frames, limit / out) : frames;
}

void check(const Network &network, const std::vector<Array> &inputs) {
  if (inputs.size() != network.inputs.size())
    throw Error("the network has " + std::to_string(network.inputs.size()) + " inputs, " +
                std::to_string(inputs.size()) + " are given");
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Tensor &tensor = network.inputs[i];
    const std::string name = "input '" + std::string(tensor.name) + "': ";
    if (inputs[i].type != tensor.type) throw Error(name + "give " + (tensor.type == float32 ? "floats" : "integers"));
    const std::size_t frames = inputs[i].frames(), size = product(tensor.shape);
    if (!frames || product(inputs[i].shape) != frames * size)
      throw Error(name + "give N frames of " + std::to_string(size) + " numbers");
    if (frames != inputs[0].frames()) throw Error("inputs with different numbers of frames");
  }
}

// Inputs and outputs of a prediction.
struct Frames {
  const Network &network;
  const std::vector<Array> &inputs;
  const std::size_t count;
  std::vector<Array> outputs;
  std::vector<Bytes> passing;  // of all frames
  std::vector<Bytes> results;  // of one frame: double or std::int64_t

  Frames(const Network &of, const std::vector<Array> &from) : network(of), inputs(from), count(from[0].frames()) {
    for (const Tensor &tensor : network.outputs) {
      Array array;
      array.type = tensor.type;
      array.shape = tensor.shape;
      if (array.shape.empty() || array.shape[0] != 1) array.shape.insert(array.shape.begin(), 1);
      array.shape[0] = count;
      array.bytes.resize(product(array.shape) * size_of(tensor.type));
      outputs.push_back(array);
      results.push_back(Bytes(product(tensor.shape) * sizeof(double)));
    }
    for (std::size_t size : network.passing_bytes) passing.push_back(Bytes(size * count));
  }

  // Frame `n` into place `k` of the buffers.
  void encode(const Slot &slot, std::size_t k, std::size_t n) {
    std::vector<const void *> from;
    std::vector<std::uint8_t *> words;
    std::vector<void *> past;
    for (const Array &array : inputs) from.push_back(&array.bytes[n * (array.bytes.size() / count)]);
    for (std::size_t i = 0; i < slot.inputs.size(); ++i)
      words.push_back(slot.inputs[i] + k * network.input_ports[i].frame_bytes);
    for (std::size_t i = 0; i < passing.size(); ++i) past.push_back(&passing[i][n * network.passing_bytes[i]]);
    network.encode(from.data(), words.data(), past.data());
  }

  // Place `k` of the buffers into frame `n`.
  void decode(const Slot &slot, std::size_t k, std::size_t n) {
    std::vector<const std::uint8_t *> words;
    std::vector<const void *> past;
    std::vector<void *> to;
    for (std::size_t i = 0; i < slot.outputs.size(); ++i)
      words.push_back(slot.outputs[i] + k * network.output_ports[i].frame_bytes);
    for (std::size_t i = 0; i < passing.size(); ++i) past.push_back(&passing[i][n * network.passing_bytes[i]]);
    for (Bytes &bytes : results) to.push_back(bytes.data());
    network.decode(words.data(), past.data(), to.data());
    for (std::size_t i = 0; i < outputs.size(); ++i) store(i, n);
  }

  void store(std::size_t output, std::size_t n) {
    Array &array = outputs[output];
    const Bytes &result = results[output];
    const std::size_t size = array.bytes.size() / count;
    if (array.type != float32) {
      std::memcpy(&array.bytes[n * size], result.data(), size);
      return;
    }
    const double *values = reinterpret_cast<const double *>(result.data());
    float *to = reinterpret_cast<float *>(&array.bytes[n * size]);
    for (std::size_t i = 0; i < size / sizeof(float); ++i) to[i] = static_cast<float>(values[i]);
  }
};

}  // namespace

struct Accelerator::Call {
  Slot *slot;
  std::size_t frames;
  Step collect;
};

Accelerator::Accelerator(const Network &network, std::unique_ptr<Backend> backend, const std::string &folder,
                         std::size_t batch, double timeout)
    : network_(network), backend_(std::move(backend)), batch_(0), timeout_(timeout) {
  for (const Weights &weights : network.weights)
    backend_->write_weights(weights, read_file(folder + "/" + weights.file, weights.bytes));
  batch_ = chosen_batch(network, backend_->max_output_bytes(), batch);
  for (std::size_t i = 0; i < backend_->depth() + 1; ++i) {
    slots_.push_back(backend_->allocate(sizes(network.input_ports, batch_), sizes(network.output_ports, batch_)));
    free_.push_back(slots_.back().get());
  }
}

Accelerator::~Accelerator() {}

std::vector<Array> Accelerator::predict(const std::vector<Array> &inputs) {
  check(network_, inputs);
  Frames all(network_, inputs);
  for (std::size_t first = 0; first < all.count; first += batch_) {
    const std::size_t frames = std::min(batch_, all.count - first);
    submit(
        frames,
        [&all, first, frames](const Slot &slot) {
          for (std::size_t k = 0; k < frames; ++k) all.encode(slot, k, first + k);
        },
        [&all, first, frames](const Slot &slot) {
          for (std::size_t k = 0; k < frames; ++k) all.decode(slot, k, first + k);
        });
  }
  drain();
  return all.outputs;
}

std::vector<Bytes> Accelerator::run(const std::vector<Bytes> &words, std::size_t frames) {
  if (words.size() != network_.input_ports.size()) throw Error("give the words of every input port");
  for (std::size_t i = 0; i < words.size(); ++i)
    if (!frames || words[i].size() != frames * network_.input_ports[i].frame_bytes)
      throw Error("port " + std::string(network_.input_ports[i].name) + ": give " +
                  std::to_string(network_.input_ports[i].frame_bytes) + " bytes per frame");
  std::vector<Bytes> results;
  for (const Port &port : network_.output_ports) results.push_back(Bytes(port.frame_bytes * frames));
  for (std::size_t first = 0; first < frames; first += batch_) {
    const std::size_t now = std::min(batch_, frames - first);
    const auto fill = [&words, this, first, now](const Slot &slot) {
      for (std::size_t i = 0; i < words.size(); ++i) {
        const std::size_t size = network_.input_ports[i].frame_bytes;
        std::memcpy(slot.inputs[i], &words[i][first * size], now * size);
      }
    };
    const auto collect = [&results, this, first, now](const Slot &slot) {
      for (std::size_t i = 0; i < results.size(); ++i) {
        const std::size_t size = network_.output_ports[i].frame_bytes;
        std::memcpy(&results[i][first * size], slot.outputs[i], now * size);
      }
    };
    submit(now, fill, collect);
  }
  drain();
  return results;
}

Speed Accelerator::throughput(double seconds) {
  const Step nothing = [](const Slot &) {};
  const auto back_to_back = [&] {
    for (int i = 0; i < warm_up_calls; ++i) submit(batch_, nothing, nothing);
  };
  back_to_back();
  std::size_t frames = 0;
  const Clock::time_point start = Clock::now();
  for (; seconds_since(start) < seconds; frames += warm_up_calls * batch_) back_to_back();
  const double rate = static_cast<double>(frames) / seconds_since(start);
  drain();
  std::vector<double> latencies;
  for (int i = 0; i < latency_calls; ++i) {
    const Clock::time_point begin = Clock::now();
    submit(1, nothing, nothing);
    drain();
    latencies.push_back(seconds_since(begin));
  }
  std::nth_element(latencies.begin(), latencies.begin() + latency_calls / 2, latencies.end());
  std::size_t bytes = 0;
  for (const Port &port : network_.input_ports) bytes += port.frame_bytes;
  for (const Port &port : network_.output_ports) bytes += port.frame_bytes;
  return {batch_, rate, 1e3 * latencies[latency_calls / 2], rate * static_cast<double>(bytes) / 1e6};
}

void Accelerator::load_weights(const std::string &layer, const std::vector<std::int64_t> &matrix) {
  for (const Weights &weights : network_.weights)
    if (layer == weights.layer) {
      const Bytes words = words_of(weights, matrix);
      drain();
      return backend_->write_weights(weights, words);
    }
  throw Error("the weights of '" + layer + "' are not loaded at run time");
}

// Packs a batch and starts it as soon as the accelerator is free: the host packs while the accelerator computes.
void Accelerator::submit(std::size_t frames, const Step &fill, const Step &collect) {
  while (free_.empty()) advance();
  Slot *slot = free_.back();
  fill(*slot);
  free_.pop_back();
  packed_.push_back({slot, frames, collect});
  start_next();
}

void Accelerator::start_next() {
  while (!packed_.empty() && running_.size() < backend_->depth()) {
    backend_->start(*packed_.front().slot, packed_.front().frames);
    running_.push_back(packed_.front());
    packed_.pop_front();
  }
}

// Waits for the oldest call, starts the next, hands over the results.
void Accelerator::advance() {
  const Call call = running_.front();
  const Clock::time_point start = Clock::now();
  while (!backend_->done(*call.slot)) {
    const double waited = seconds_since(start);
    if (waited > timeout_)
      throw Error("the accelerator did not finish in time: " + backend_->stuck(*call.slot) +
                  "; load the bitstream again");
    if (waited > 1e-3) std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  running_.pop_front();
  start_next();
  call.collect(*call.slot);
  free_.push_back(call.slot);
}

void Accelerator::drain() {
  while (!running_.empty()) advance();
}

}  // namespace qnn
