// The devices of the C++ driver on the model of a board.
#include <cstdlib>
#include <vector>

#include "board.h"
#include "devices.h"
#include "driver.h"

namespace qnn {
namespace {

// Puts the accelerator of QNN_STANDIN_KERNEL on the board, as a bitstream that was loaded before.
void load_once() {
  static bool loaded = false;
  if (loaded) return;
  loaded = true;
  const char *library = std::getenv("QNN_STANDIN_KERNEL"), *bits = std::getenv("QNN_STANDIN_LENGTH_BITS");
  if (!library) throw Error("QNN_STANDIN_KERNEL names no compiled accelerator");
  std::vector<std::uint64_t> engines;
  for (const Port &port : network().input_ports) engines.push_back(port.dma);
  for (const Port &port : network().output_ports) engines.push_back(port.dma);
  qnn_board_reset(bits ? static_cast<unsigned>(std::atoi(bits)) : 26);
  if (const char *problem = qnn_board_load(library, network().address, engines.data(), engines.size()))
    throw Error(problem);
}

class BoardRegisters : public Registers {
 public:
  explicit BoardRegisters(std::uint64_t address) : address_(address) {}
  std::uint32_t read(std::size_t offset) override { return qnn_board_read(address_ + offset); }
  void write(std::size_t offset, std::uint32_t value) override { qnn_board_write(address_ + offset, value); }

 private:
  std::uint64_t address_;
};

class BoardMemory : public Memory {
 public:
  Block allocate(std::size_t size) override {
    const std::uint64_t address = qnn_board_allocate(size);
    if (!address) throw Error("no memory for a buffer of " + std::to_string(size) + " bytes; choose a smaller batch");
    return {qnn_board_pointer(address, size), address};
  }
};

}  // namespace

std::unique_ptr<Registers> map_registers(std::uint64_t address, std::size_t) {
  if (!address) throw Error("the network was deployed without the addresses of a block design (shell.json)");
  load_once();
  return std::unique_ptr<Registers>(new BoardRegisters(address));
}

std::unique_ptr<Memory> map_memory(const std::string &) { return std::unique_ptr<Memory>(new BoardMemory()); }

}  // namespace qnn
