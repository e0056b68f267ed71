#include "board.h"

#include <dlfcn.h>

#include <map>
#include <memory>
#include <mutex>

#include "slot.h"

namespace {

using namespace standin;

const std::size_t dma_span = 0x10000;
const std::uint64_t switch_status = 8;

class Board {
 public:
  static Board &get() {
    static Board *board = new Board();  // lives as long as the process: its threads may be in use at the end
    return *board;
  }
  std::mutex lock;
  Memory memory;
  unsigned length_bits = 26;
  std::map<std::uint64_t, std::unique_ptr<Slot>> slots;
  std::map<std::uint64_t, std::uint64_t> switches;  // addresses of the accelerators behind them

  // The slot whose switch is at an address, or null.
  Slot *switched(std::uint64_t address) {
    const auto found = switches.find(address);
    return found == switches.end() ? nullptr : slots.at(found->second).get();
  }

  struct Place {
    Slot *slot;
    std::size_t port;  // of a channel
    bool is_channel;
    std::size_t offset;
  };

  // What answers at an address; a null slot where nothing does.
  Place find(std::uint64_t address) {
    for (auto &entry : slots) {
      Slot &slot = *entry.second;
      for (std::size_t port = 0; port < slot.dma_addresses.size(); ++port) {
        const std::uint64_t offset = address - slot.dma_addresses[port];
        const bool receives = offset >= receive_channel;
        if (offset < dma_span && slot.has_channel(port, receives))
          return {&slot, port, true, static_cast<std::size_t>(offset) - (receives ? receive_channel : 0)};
      }
    }
    auto entry = slots.upper_bound(address);
    if (entry == slots.begin()) return {nullptr, 0, false, 0};
    --entry;
    return {entry->second.get(), 0, false, static_cast<std::size_t>(address - entry->first)};
  }
};

}  // namespace

void qnn_board_reset(unsigned length_bits) {
  Board &board = Board::get();
  decltype(board.slots) old;
  {
    Lock guard(board.lock);
    old.swap(board.slots);
    board.switches.clear();
    board.length_bits = length_bits;
  }
}

const char *qnn_board_load(const char *library, std::uint64_t address, const std::uint64_t *dma_addresses,
                           std::size_t dma_count) {
  void *opened = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (!opened) return dlerror();
  const void *symbol = dlsym(opened, "qnn_standin_kernel");
  if (!symbol) return "the library holds no accelerator";
  Board &board = Board::get();
  Lock guard(board.lock);
  std::unique_ptr<Slot> &slot = board.slots[address];
  if (!slot) slot.reset(new Slot(board.memory, board.lock, board.length_bits));
  slot->dma_addresses.assign(dma_addresses, dma_addresses + dma_count);
  slot->load(*static_cast<const qnn_standin_kernel_info *>(symbol), guard);
  return nullptr;
}

const qnn_standin_kernel_info *qnn_board_kernel(std::uint64_t address) {
  Board &board = Board::get();
  Lock guard(board.lock);
  const auto slot = board.slots.find(address);
  return slot == board.slots.end() ? nullptr : slot->second->kernel();
}

void qnn_board_add_switch(std::uint64_t address, std::uint64_t kernel) {
  Board &board = Board::get();
  Lock guard(board.lock);
  board.switches[address] = kernel;
}

std::uint32_t qnn_board_read(std::uint64_t address) {
  Board &board = Board::get();
  Lock guard(board.lock);
  if (Slot *slot = board.switched(address - switch_status)) return slot->decoupled;
  const Board::Place place = board.find(address);
  if (!place.slot) return 0;
  return place.is_channel ? place.slot->read_channel(place.port, place.offset) : place.slot->read(place.offset);
}

void qnn_board_write(std::uint64_t address, std::uint32_t value) {
  Board &board = Board::get();
  Lock guard(board.lock);
  if (Slot *slot = board.switched(address)) return slot->decouple((value & 1) != 0, guard);
  const Board::Place place = board.find(address);
  if (!place.slot) return;
  if (place.is_channel)
    place.slot->write_channel(place.port, place.offset, value);
  else
    place.slot->write(place.offset, value);
}

int qnn_board_interrupt(std::uint64_t address) {
  Board &board = Board::get();
  Lock guard(board.lock);
  const Board::Place place = board.find(address);
  if (!place.slot) return 0;
  return place.is_channel ? place.slot->channel_interrupt(place.port) : place.slot->interrupt();
}

std::uint64_t qnn_board_allocate(std::size_t size) {
  Board &board = Board::get();
  Lock guard(board.lock);
  return board.memory.allocate(size);
}

void qnn_board_free(std::uint64_t address) {
  Board &board = Board::get();
  Lock guard(board.lock);
  board.memory.free(address);
}

unsigned char *qnn_board_pointer(std::uint64_t address, std::size_t size) {
  Board &board = Board::get();
  Lock guard(board.lock);
  return board.memory.pointer(address, size);
}
