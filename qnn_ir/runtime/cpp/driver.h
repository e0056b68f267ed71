// Drives an accelerator that qnn-ir generated: frames in, outputs out.
//
// C++14 and nothing else; the back end for XRT needs XRT. Whatever is wrong is a qnn::Error with one line of text.
#ifndef QNN_DRIVER_H
#define QNN_DRIVER_H

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "network.h"

namespace qnn {

typedef std::vector<std::uint8_t> Bytes;

class Error : public std::runtime_error {
 public:
  explicit Error(const std::string &what) : std::runtime_error(what) {}
};

// Numbers of all frames, the frame is the first axis.
struct Array {
  Type type = float32;
  std::vector<std::size_t> shape;
  Bytes bytes;

  std::size_t frames() const { return shape.empty() ? 0 : shape[0]; }
  template <typename T>
  const T *data() const {
    return reinterpret_cast<const T *>(bytes.data());
  }
  template <typename T>
  T *data() {
    return reinterpret_cast<T *>(bytes.data());
  }
};

// The buffers of one call, one per port, in memory that the accelerator reaches.
struct Slot {
  virtual ~Slot() {}
  std::vector<std::uint8_t *> inputs, outputs;
};

// The accelerator with its surroundings. A call is started and ends by itself.
class Backend {
 public:
  virtual ~Backend() {}
  // How many calls can be under way.
  virtual std::size_t depth() const { return 1; }
  // The longest transfer of an output, 0 where there is no limit.
  virtual std::size_t max_output_bytes() const { return 0; }
  virtual std::unique_ptr<Slot> allocate(const std::vector<std::size_t> &inputs,
                                         const std::vector<std::size_t> &outputs) = 0;
  virtual void start(Slot &slot, std::size_t frames) = 0;
  // Whether the call has ended and its outputs are there; an Error where it failed.
  virtual bool done(Slot &slot) = 0;
  // What the registers say of a call that does not end.
  virtual std::string stuck(Slot &slot) = 0;
  virtual void write_weights(const Weights &weights, const Bytes &words) = 0;
};

// AXI DMA engines or pointers behind registers, on a Zynq under Linux. `memory` is where buffers come from: the name of
// a u-dma-buf, or ADDRESS:SIZE of memory that Linux was told to leave alone; empty for the first u-dma-buf.
// `length_bits` is the width of the DMA engines' length registers.
std::unique_ptr<Backend> linux_backend(const Network &network, const std::string &memory = "", int length_bits = 26);

// An Alveo card under XRT.
std::unique_ptr<Backend> xrt_backend(const Network &network, const std::string &xclbin, unsigned device);

struct Speed {
  std::size_t batch;
  double frames_per_s, latency_ms, mbytes_per_s;
};

class Accelerator {
 public:
  // `folder` holds the weights; `batch` frames make a call (0: chosen), which may take `timeout` seconds.
  Accelerator(const Network &network, std::unique_ptr<Backend> backend, const std::string &folder,
              std::size_t batch = 0, double timeout = 10);
  ~Accelerator();

  // The ONNX outputs for N frames of each ONNX input.
  std::vector<Array> predict(const std::vector<Array> &inputs);

  // The words of every output port for those of every input port.
  std::vector<Bytes> run(const std::vector<Bytes> &words, std::size_t frames);

  // The accelerator's own speed: full batches back to back after a warm-up; latency of one frame.
  Speed throughput(double seconds);

  // Other weights for a layer that takes them at run time, row by row.
  void load_weights(const std::string &layer, const std::vector<std::int64_t> &matrix);

 private:
  typedef std::function<void(const Slot &)> Step;
  struct Call;

  void submit(std::size_t frames, const Step &fill, const Step &collect);
  void start_next();
  void advance();
  void drain();

  const Network &network_;
  std::unique_ptr<Backend> backend_;
  std::size_t batch_;
  double timeout_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::vector<Slot *> free_;
  std::deque<Call> packed_, running_;
};

// The words of a matrix, as the accelerator stores them.
Bytes words_of(const Weights &weights, const std::vector<std::int64_t> &matrix);

// Files of numpy.save: float32, float64, int64, int32, int8, uint8 (all but floats become int64).
Array read_npy(const std::string &path);
void write_npy(const std::string &path, const Array &array);

// The same numbers as floats or as integers (cut off).
Array converted(const Array &array, Type type);

// The bytes of a file of that size.
Bytes read_file(const std::string &path, std::size_t size);

}  // namespace qnn

#endif
