// An accelerator on the board.
#ifndef QNN_STANDIN_SLOT_H
#define QNN_STANDIN_SLOT_H

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "channel.h"
#include "kernel.h"
#include "memory.h"

namespace standin {

typedef std::unique_lock<std::mutex> Lock;

enum { control = 0x00, global_interrupts = 0x04, interrupts = 0x08, interrupt_status = 0x0c, first_argument = 0x10 };
enum { ap_start = 1, ap_done = 2, ap_idle = 4, ap_ready = 8 };

// What QNN_STANDIN_FAULT says of a port or of the accelerator.
inline std::string fault_of(const std::string &place) {
  const char *text = std::getenv("QNN_STANDIN_FAULT");
  const std::string fault = text ? text : "", start = place + ":";
  return fault.compare(0, start.size(), start) == 0 ? fault.substr(start.size()) : "";
}

// An accelerator, its control registers and the DMA engines at its streams.
class Slot {
 public:
  Slot(Memory &memory, std::mutex &lock, unsigned length_bits)
      : memory_(memory), lock_(lock), length_mask_((length_bits < 32 ? 1u << length_bits : 0u) - 1u),
        worker_([this] { work(); }) {}

  ~Slot() {
    {
      Lock guard(lock_);
      ended_ = true;
      wake_.notify_all();
    }
    worker_.join();
  }

  std::vector<std::uint64_t> dma_addresses;  // of each port
  bool decoupled = false;

  // With the lock held; waits for a computation that is under way.
  void load(const qnn_standin_kernel_info &kernel, Lock &guard) {
    const bool first = !kernel_;
    broken_ = !first && (!decoupled || started_);
    rest(guard);
    kernel_ = &kernel;
    std::size_t size = kernel.frames_offset + 4;
    for (std::size_t i = 0; i < kernel.port_count; ++i)
      if (kernel.in_memory) size = std::max(size, kernel.ports[i].offset + 8);
    for (std::size_t i = 0; i < kernel.memory_count; ++i) {
      const qnn_standin_memory &m = kernel.memories[i];
      size = std::max(size, m.offset + (m.is_external ? 8 : m.bytes));
    }
    registers_.assign((size + 3) / 4 * 4, 0);
    if (first) channels_.assign(kernel.in_memory ? 0 : kernel.port_count, Channel());
    channels_.resize(kernel.in_memory ? 0 : kernel.port_count);
    reset_kernel(guard);
  }

  // Cut off, or connected again after a reset.
  void decouple(bool off, Lock &guard) {
    if (decoupled && !off) reset_kernel(guard);
    decoupled = off;
  }

  void reset_kernel(Lock &guard) {
    rest(guard);
    started_ = done_ = ready_ = computed_ = false;
    ports_.assign(kernel_->port_count, Bytes());
    delivered_.assign(kernel_->port_count, false);
    std::memset(interrupt_bits_, 0, sizeof interrupt_bits_);
  }

  const qnn_standin_kernel_info *kernel() const { return kernel_; }
  bool has_channel(std::size_t port, bool is_receiver) const {
    return port < channels_.size() && kernel_->ports[port].is_input != is_receiver;
  }
  std::uint32_t read_channel(std::size_t port, std::size_t offset) const { return channels_[port].read(offset); }
  bool channel_interrupt(std::size_t port) const { return channels_[port].interrupt(); }
  bool interrupt() const { return interrupt_bits_[0] && (interrupt_bits_[1] & interrupt_bits_[2]); }

  void write_channel(std::size_t port, std::size_t offset, std::uint32_t value) {
    Channel &c = channels_[port];
    switch (offset) {
      case dma_control:
        if (value & dma_reset) return c.reset();
        c.control_bits = value;
        if (value & run_stop) {
          c.status &= ~std::uint32_t(halted);
        } else {
          c.active = false;
          c.status |= halted;
        }
        return;
      case dma_status: c.status &= ~(value & (on_complete | on_error)); return;
      case dma_address: c.address = (c.address & ~std::uint64_t(0xffffffff)) | value; return;
      case dma_address_high: c.address = (c.address & 0xffffffff) | std::uint64_t(value) << 32; return;
      case dma_length: return start_channel(port, value & length_mask_);
      default: return;
    }
  }

  std::uint32_t read(std::size_t offset) {
    if (decoupled) return 0;
    if (offset == control) {
      const std::uint32_t bits = (started_ ? ap_start : 0) | (done_ ? ap_done : 0) | (started_ ? 0 : ap_idle) |
                                 (ready_ ? ap_ready : 0);
      done_ = ready_ = false;
      return bits;
    }
    if (offset < first_argument) return interrupt_bits_[offset / 4 - 1];
    return offset + 4 <= registers_.size() ? word(offset) : 0;
  }

  void write(std::size_t offset, std::uint32_t value) {
    if (decoupled) return;
    if (offset == control) {
      if ((value & ap_start) && !started_) start();
    } else if (offset == interrupt_status) {
      interrupt_bits_[2] ^= value;
    } else if (offset < first_argument) {
      interrupt_bits_[offset / 4 - 1] = value;
    } else if (offset + 4 <= registers_.size()) {
      for (int i = 0; i < 4; ++i) registers_[offset + i] = static_cast<unsigned char>(value >> 8 * i);
    }
  }

 private:
  void rest(Lock &guard) {
    still_.wait(guard, [this] { return !computing_; });
  }
  std::uint32_t word(std::size_t offset) const {
    std::uint32_t value = 0;
    for (int i = 3; i >= 0; --i) value = value << 8 | registers_[offset + i];
    return value;
  }
  std::uint64_t pointer(std::size_t offset) const { return word(offset) | std::uint64_t(word(offset + 4)) << 32; }
  std::size_t bytes(std::size_t port) const { return kernel_->ports[port].frame_bytes * frames_; }

  void start() {
    started_ = true;
    done_ = ready_ = false;
    frames_ = word(kernel_->frames_offset);
    ports_.assign(kernel_->port_count, Bytes());
    delivered_.assign(kernel_->port_count, false);
    hangs_ = broken_ || fault_of("kernel") == "hang" || !find_memories();
    advance();
  }

  // False where a pointer leads to no memory: the access never ends.
  bool find_memories() {
    memories_.clear();
    for (std::size_t i = 0; i < kernel_->memory_count; ++i) {
      const qnn_standin_memory &m = kernel_->memories[i];
      memories_.push_back(m.is_external ? memory_.pointer(pointer(m.offset), m.bytes) : &registers_[m.offset]);
      if (!memories_.back()) return false;
    }
    for (std::size_t i = 0; kernel_->in_memory && i < kernel_->port_count; ++i)
      if (!memory_.pointer(pointer(kernel_->ports[i].offset), bytes(i))) return false;
    return true;
  }

  void start_channel(std::size_t port, std::uint32_t length) {
    Channel &c = channels_[port];
    if (c.status & halted) return;
    const std::string fault = fault_of(kernel_->ports[port].name);
    c.length = length;
    c.status &= ~std::uint32_t(idle);
    if (length == 0 || fault == "internal") return c.fail(internal_error);
    if (fault == "slave") return c.fail(slave_error);
    if (fault == "decode" || !memory_.pointer(c.address, length)) return c.fail(decode_error);
    c.active = true;
    c.moved = 0;
    advance();
  }

  // Whatever can move moves.
  void advance() {
    if (!started_ || hangs_ || computing_ || decoupled) return;
    if (!computed_) {
      if (!kernel_->in_memory && !take_inputs()) return;
      computing_ = true;
      wake_.notify_all();
      return;
    }
    if (give_outputs()) finish();
  }

  // Whether all words of the call have come.
  bool take_inputs() {
    bool complete = true;
    for (std::size_t i = 0; i < channels_.size(); ++i) {
      if (!kernel_->ports[i].is_input) continue;
      Channel &c = channels_[i];
      const std::size_t missing = bytes(i) - ports_[i].size(), here = c.active ? c.length - c.moved : 0;
      const std::size_t taken = std::min(missing, here);
      if (taken) {
        const unsigned char *from = memory_.pointer(c.address + c.moved, taken);
        if (!from) {
          c.fail(decode_error);  // freed meanwhile
          return false;
        }
        ports_[i].insert(ports_[i].end(), from, from + taken);
        c.moved += taken;
        if (c.moved == c.length) c.complete(c.length);
      }
      complete = complete && ports_[i].size() == bytes(i);
    }
    return complete;
  }

  // Whether all words of the call are gone.
  bool give_outputs() {
    bool complete = true;
    for (std::size_t i = 0; i < channels_.size(); ++i) {
      if (kernel_->ports[i].is_input || delivered_[i]) continue;
      Channel &c = channels_[i];
      if (c.active) {
        const std::size_t size = fault_of(kernel_->ports[i].name) == "short" ? bytes(i) / 2 : bytes(i);
        unsigned char *to = memory_.pointer(c.address, size);
        if (size > c.length || !to) {
          c.fail(to ? internal_error : decode_error);  // more bytes than the buffer holds; or it is freed
        } else {
          std::memcpy(to, ports_[i].data(), size);
          c.complete(static_cast<std::uint32_t>(size));
          delivered_[i] = true;
        }
      }
      complete = complete && delivered_[i];
    }
    return complete;
  }

  void finish() {
    started_ = computed_ = false;
    done_ = ready_ = true;
    interrupt_bits_[2] |= interrupt_bits_[1] & 3;
  }

  void work() {
    Lock guard(lock_);
    while (true) {
      wake_.wait(guard, [this] { return ended_ || computing_; });
      if (ended_) return;
      std::vector<unsigned char *> ports;
      for (std::size_t i = 0; i < kernel_->port_count; ++i) {
        if (!kernel_->in_memory) ports_[i].resize(bytes(i));
        ports.push_back(kernel_->in_memory ? memory_.pointer(pointer(kernel_->ports[i].offset), bytes(i))
                                           : ports_[i].data());
      }
      const unsigned frames = frames_;
      const std::vector<const unsigned char *> memories = memories_;
      guard.unlock();
      kernel_->run(ports.data(), memories.data(), frames);
      guard.lock();
      computing_ = false;
      computed_ = true;
      still_.notify_all();
      advance();
    }
  }

  Memory &memory_;
  std::mutex &lock_;
  const std::uint32_t length_mask_;
  const qnn_standin_kernel_info *kernel_ = nullptr;
  Bytes registers_;
  std::uint32_t interrupt_bits_[3] = {0, 0, 0};
  std::vector<Channel> channels_;
  std::vector<Bytes> ports_;
  std::vector<bool> delivered_;
  std::vector<const unsigned char *> memories_;
  unsigned frames_ = 0;
  bool started_ = false, done_ = false, ready_ = false, hangs_ = false, broken_ = false;
  bool computing_ = false, computed_ = false, ended_ = false;
  std::condition_variable wake_, still_;
  std::thread worker_;
};

}  // namespace standin

#endif
