// What a driver must know of a network; `network.cpp` is generated from its manifest.
#ifndef QNN_NETWORK_H
#define QNN_NETWORK_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace qnn {

enum Type { float32, int64 };

struct Tensor {
  const char *name;
  Type type;
  std::vector<std::size_t> shape;  // of one frame
};

// A port of the accelerator. `offset` is that of its pointer's register, `dma` the address of its DMA engine.
struct Port {
  const char *name;
  std::size_t frame_bytes, offset;
  std::uint64_t dma;
};

// Weights that the host loads: memory behind registers from `offset` on, or external memory, whose pointer is there.
struct Weights {
  const char *layer, *port, *file;
  std::size_t bytes, word_bytes, offset;
  bool external, bipolar;
  std::int64_t least, most;
  int bits;
  std::size_t rows, columns, tile_rows, tile_columns;
  std::vector<long> rows_from, columns_from;  // -1: padding
};

struct Network {
  const char *kernel, *bitstream;
  bool in_memory;
  std::uint64_t address;  // of the registers
  std::size_t address_bytes, frames_offset;
  std::vector<const char *> arguments;  // of the kernel, in order
  std::vector<Tensor> inputs, outputs;
  std::vector<Port> input_ports, output_ports;
  std::vector<std::size_t> passing_bytes;  // of what goes past the accelerator, per frame
  std::vector<Weights> weights;
  // One frame: from the inputs (float, std::int64_t) to the words of the input ports and what passes by.
  void (*encode)(const void *const *inputs, std::uint8_t *const *words, void *const *passing);
  // One frame: from the words of the output ports and what passed by to the outputs (double, std::int64_t).
  void (*decode)(const std::uint8_t *const *words, const void *const *passing, void *const *outputs);
};

const Network &network();

}  // namespace qnn

#endif
