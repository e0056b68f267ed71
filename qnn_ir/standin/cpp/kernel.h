// What a compiled accelerator tells the board model, as the symbol `qnn_standin_kernel` of a shared library.
#ifndef QNN_STANDIN_KERNEL_H
#define QNN_STANDIN_KERNEL_H

#include <cstddef>

struct qnn_standin_port {
  const char *name;
  bool is_input;
  std::size_t frame_bytes;
  std::size_t offset;  // of the pointer's register where ports are in memory
};

struct qnn_standin_memory {
  const char *name;
  std::size_t bytes;
  std::size_t offset;  // of the memory itself, or of the pointer's register
  bool is_external;
};

struct qnn_standin_kernel_info {
  const char *name;
  bool in_memory;
  std::size_t frames_offset;
  std::size_t port_count;
  const qnn_standin_port *ports;
  std::size_t memory_count;
  const qnn_standin_memory *memories;
  // Bytes of each port and of each memory, in their order.
  void (*run)(unsigned char *const *ports, const unsigned char *const *memories, unsigned frames);
};

extern "C" const qnn_standin_kernel_info qnn_standin_kernel;

#endif
