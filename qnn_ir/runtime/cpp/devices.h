// What the driver needs of an operating system: registers and memory that the logic reaches.
#ifndef QNN_DEVICES_H
#define QNN_DEVICES_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace qnn {

class Registers {
 public:
  virtual ~Registers() {}
  virtual std::uint32_t read(std::size_t offset) = 0;
  virtual void write(std::size_t offset, std::uint32_t value) = 0;
};

struct Block {
  std::uint8_t *data;
  std::uint64_t address;  // on the bus
};

// Memory that is contiguous on the bus. What processor and logic write is seen by the other at once.
class Memory {
 public:
  virtual ~Memory() {}
  virtual Block allocate(std::size_t size) = 0;
};

// The `size` bytes of registers at an address: by the UIO device that has them, else by /dev/mem.
std::unique_ptr<Registers> map_registers(std::uint64_t address, std::size_t size);

// Memory by the name of a u-dma-buf, or as ADDRESS:SIZE; empty for the first u-dma-buf.
std::unique_ptr<Memory> map_memory(const std::string &where);

}  // namespace qnn

#endif
