// One channel of an AXI DMA engine in simple mode (PG021).
#ifndef QNN_STANDIN_CHANNEL_H
#define QNN_STANDIN_CHANNEL_H

#include <cstddef>
#include <cstdint>

namespace standin {

enum { dma_control = 0x00, dma_status = 0x04, dma_address = 0x18, dma_address_high = 0x1c, dma_length = 0x28 };
enum { receive_channel = 0x30 };
enum { run_stop = 1, dma_reset = 4, on_complete = 0x1000, on_error = 0x4000 };
enum { halted = 1, idle = 2, internal_error = 0x10, slave_error = 0x20, decode_error = 0x40 };

struct Channel {
  std::uint32_t control_bits = 0, status = halted, length = 0;
  std::uint64_t address = 0;
  bool active = false;
  std::size_t moved = 0;

  void reset() { *this = Channel(); }
  void fail(std::uint32_t error) {
    active = false;
    status |= error | on_error | halted;
  }
  void complete(std::uint32_t bytes) {
    active = false;
    length = bytes;
    status |= idle | on_complete;
  }
  std::uint32_t read(std::size_t offset) const {
    switch (offset) {
      case dma_control: return control_bits;
      case dma_status: return status;
      case dma_address: return static_cast<std::uint32_t>(address);
      case dma_address_high: return static_cast<std::uint32_t>(address >> 32);
      case dma_length: return length;
      default: return 0;
    }
  }
  bool interrupt() const { return (status & control_bits & (on_complete | on_error)) != 0; }
};

}  // namespace standin

#endif
