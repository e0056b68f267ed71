// A stand-in for XRT: the part of its native C++ API that drivers of accelerators use, on the model of a board.
// Calls are queued and run in the order of their starts (xilinx.github.io/XRT).
#ifndef QNN_STANDIN_XRT_H
#define QNN_STANDIN_XRT_H

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "board.h"
#include "kernel.h"

enum ert_cmd_state {
  ERT_CMD_STATE_NEW = 1,
  ERT_CMD_STATE_QUEUED = 2,
  ERT_CMD_STATE_RUNNING = 3,
  ERT_CMD_STATE_COMPLETED = 4,
  ERT_CMD_STATE_ERROR = 5,
  ERT_CMD_STATE_ABORT = 6,
  ERT_CMD_STATE_SUBMITTED = 7,
  ERT_CMD_STATE_TIMEOUT = 8,
  ERT_CMD_STATE_NORESPONSE = 9
};
enum xclBOSyncDirection { XCL_BO_SYNC_BO_TO_DEVICE = 0, XCL_BO_SYNC_BO_FROM_DEVICE = 1 };

namespace xrt {

typedef int memory_group;
typedef std::string uuid;

const std::uint64_t standin_kernel_address = 0xa0000000;

class device {
 public:
  device() {}
  explicit device(unsigned index) {
    if (index != 0) throw std::runtime_error("Could not open device with index '" + std::to_string(index) + "'");
  }
  uuid load_xclbin(const std::string &path) {
    const char *library = std::getenv("QNN_STANDIN_KERNEL");
    if (!library) throw std::runtime_error("Failed to open file '" + path + "' for reading");
    qnn_board_reset(26);
    if (const char *problem = qnn_board_load(library, standin_kernel_address, nullptr, 0))
      throw std::runtime_error(problem);
    return path;
  }
};

// What the processor sees of a buffer; the card sees other bytes until `sync`.
class bo {
 public:
  enum class flags : std::uint32_t { normal = 0, cacheable = 1u << 24, device_only = 1u << 28, host_only = 1u << 29 };

  bo() {}
  bo(const device &, std::size_t size, flags, memory_group) : block_(std::make_shared<Block>(size)) {}

  template <typename T>
  T map() {
    return reinterpret_cast<T>(block_->host.data());
  }
  std::size_t size() const { return block_->host.size(); }
  std::uint64_t address() const { return block_->address; }
  void sync(xclBOSyncDirection direction, std::size_t size, std::size_t offset) {
    if (offset + size > block_->host.size()) throw std::runtime_error("sync beyond the end of the buffer");
    unsigned char *card = qnn_board_pointer(block_->address + offset, size), *host = &block_->host[offset];
    direction == XCL_BO_SYNC_BO_TO_DEVICE ? std::memcpy(card, host, size) : std::memcpy(host, card, size);
  }

 private:
  struct Block {
    explicit Block(std::size_t size) : host(size, 0xa5), address(qnn_board_allocate(size ? size : 1)) {
      if (!address) throw std::bad_alloc();
    }
    ~Block() { qnn_board_free(address); }
    std::vector<unsigned char> host;
    std::uint64_t address;
  };
  std::shared_ptr<Block> block_;
};

namespace standin {

struct Command {
  ert_cmd_state state = ERT_CMD_STATE_NEW;
  std::map<std::size_t, std::uint64_t> pointers;
  std::uint32_t frames = 0;
};

// The scheduler: the first command of the queue is the one that runs.
struct Queue {
  std::deque<std::shared_ptr<Command>> commands;
  std::size_t frames_offset = 0;

  void advance() {
    while (!commands.empty()) {
      Command &first = *commands.front();
      if (first.state == ERT_CMD_STATE_QUEUED) start(first);
      if (!(qnn_board_read(standin_kernel_address) & 2)) return;
      first.state = ERT_CMD_STATE_COMPLETED;
      commands.pop_front();
    }
  }
  void start(Command &command) {
    for (const auto &pointer : command.pointers) {
      write(pointer.first, static_cast<std::uint32_t>(pointer.second));
      write(pointer.first + 4, static_cast<std::uint32_t>(pointer.second >> 32));
    }
    write(frames_offset, command.frames);
    write(0, 1);
    command.state = ERT_CMD_STATE_RUNNING;
  }
  static void write(std::size_t offset, std::uint32_t value) { qnn_board_write(standin_kernel_address + offset, value); }
};

}  // namespace standin

class kernel {
 public:
  kernel(const device &, const uuid &, const std::string &name) {
    const qnn_standin_kernel_info *info = qnn_board_kernel(standin_kernel_address);
    if (!info || name != info->name) throw std::runtime_error("No such kernel '" + name + "'");
    queue_->frames_offset = info->frames_offset;
    offsets_.push_back(info->frames_offset);
    for (std::size_t i = 0; i < info->port_count; ++i) offsets_.push_back(info->ports[i].offset);
    for (std::size_t i = 0; i < info->memory_count; ++i) offsets_.push_back(info->memories[i].offset);
    std::sort(offsets_.begin(), offsets_.end());
  }
  memory_group group_id(int argument) const {
    offset(argument);
    return 0;
  }

  // Where an argument has its register: arguments are numbered in the order of their offsets.
  std::size_t offset(int argument) const { return offsets_.at(static_cast<std::size_t>(argument)); }
  const std::shared_ptr<standin::Queue> &queue() const { return queue_; }

 private:
  std::vector<std::size_t> offsets_;
  std::shared_ptr<standin::Queue> queue_ = std::make_shared<standin::Queue>();
};

class run {
 public:
  run() {}
  explicit run(const kernel &of) : kernel_(std::make_shared<kernel>(of)), command_(new standin::Command()) {}

  void set_arg(int argument, const bo &buffer) { command_->pointers[kernel_->offset(argument)] = buffer.address(); }
  void set_arg(int argument, unsigned value) {
    if (kernel_->offset(argument) != kernel_->queue()->frames_offset) throw std::runtime_error("no scalar argument");
    command_->frames = value;
  }
  void start() {
    command_->state = ERT_CMD_STATE_QUEUED;
    kernel_->queue()->commands.push_back(command_);
    kernel_->queue()->advance();
  }
  ert_cmd_state state() const {
    kernel_->queue()->advance();
    return command_->state;
  }
  ert_cmd_state wait(unsigned milliseconds = 0) const {
    const auto start = std::chrono::steady_clock::now();
    while (state() != ERT_CMD_STATE_COMPLETED) {
      const auto spent = std::chrono::steady_clock::now() - start;
      if (milliseconds && spent > std::chrono::milliseconds(milliseconds)) return ERT_CMD_STATE_TIMEOUT;
      std::this_thread::yield();
    }
    return ERT_CMD_STATE_COMPLETED;
  }

 private:
  std::shared_ptr<kernel> kernel_;
  std::shared_ptr<standin::Command> command_;
};

}  // namespace xrt

#endif
