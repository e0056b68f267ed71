// Zynq boards under plain Linux: AXI DMA engines in simple mode (PG021), or pointers in the accelerator's registers.
#include <cstring>
#include <map>
#include <sstream>

#include "devices.h"
#include "driver.h"

namespace qnn {
namespace {

enum { ap_control = 0x00, ap_start = 1, ap_done = 2, ap_idle = 4 };
enum { control = 0x00, status = 0x04, address_low = 0x18, address_high = 0x1c, length = 0x28, receive = 0x30 };
enum { run_stop = 1, reset = 4 };
enum { halted = 1, idle = 2, internal_error = 0x10, slave_error = 0x20, decode_error = 0x40, complete = 0x1000 };
const std::size_t dma_bytes = 0x1000;
const std::size_t piece_alignment = 128;  // pieces are whole words of any stream
const int polls = 100000;

std::string hexadecimal(std::uint32_t value) {
  std::ostringstream text;
  text << "0x" << std::hex << value;
  return text.str();
}

const char *error_text(std::uint32_t state) {
  if (state & internal_error) return "internal error: the length is 0, or more bytes came than the buffer holds";
  if (state & slave_error) return "slave error: memory refused the access";
  return state & decode_error ? "decode error: there is no memory at the address" : nullptr;
}

struct Buffers : Slot {
  std::vector<std::uint64_t> input_addresses, output_addresses;
};

// A channel of a DMA engine and the port behind it.
class Channel {
 public:
  Channel(const Port &port, bool sends, int length_bits)
      : port_(port), sends_(sends), limit_((std::size_t(1) << length_bits) - 1),
        registers_(map_registers(port.dma, dma_bytes)) {
    write(control, reset);
    await(control, reset, "does not come out of reset");
    write(control, run_stop);
    await(status, halted, "does not start");
  }

  // The longest transfer that the length register can say.
  std::size_t limit() const { return limit_; }

  void start(std::uint64_t address, std::size_t bytes) {
    address_ = address;
    bytes_ = bytes;
    moved_ = 0;
    next();
  }

  // Whether all bytes are moved; longer transfers go on in pieces.
  bool done() {
    const std::uint32_t state = read(status);
    if (const char *text = error_text(state)) throw Error(name() + text + " (status " + hexadecimal(state) + ")");
    if (!(state & idle)) return false;
    write(status, complete);
    if (moved_ < bytes_) {
      next();
      return false;
    }
    const std::size_t arrived = sends_ ? bytes_ : read(length);
    if (arrived != bytes_)
      throw Error(name() + std::to_string(arrived) + " of " + std::to_string(bytes_) + " bytes came");
    return true;
  }

  std::string state() { return name() + "status " + hexadecimal(read(status)); }

 private:
  std::string name() const { return "DMA of port " + std::string(port_.name) + ": "; }
  std::size_t at(std::size_t offset) const { return offset + (sends_ ? 0 : receive); }
  std::uint32_t read(std::size_t offset) { return registers_->read(at(offset)); }
  void write(std::size_t offset, std::uint32_t value) { registers_->write(at(offset), value); }

  void await(std::size_t offset, std::uint32_t bit, const char *problem) {
    for (int i = 0; read(offset) & bit; ++i)
      if (i == polls) throw Error(name() + problem + "; is the bitstream loaded?");
  }

  void next() {
    std::size_t piece = bytes_ - moved_;
    if (piece > limit_) piece = limit_ / piece_alignment * piece_alignment;
    const std::uint64_t address = address_ + moved_;
    moved_ += piece;
    write(address_low, static_cast<std::uint32_t>(address));
    write(address_high, static_cast<std::uint32_t>(address >> 32));
    write(length, static_cast<std::uint32_t>(piece));
  }

  const Port &port_;
  const bool sends_;
  const std::size_t limit_;
  std::unique_ptr<Registers> registers_;
  std::uint64_t address_ = 0;
  std::size_t bytes_ = 0, moved_ = 0;
};

class LinuxBackend : public Backend {
 public:
  LinuxBackend(const Network &network, const std::string &memory, int length_bits)
      : network_(network), memory_(map_memory(memory)),
        registers_(map_registers(network.address, network.address_bytes)) {
    if (network.in_memory) return;
    for (const Port &port : network.input_ports) inputs_.emplace_back(port, true, length_bits);
    for (const Port &port : network.output_ports) outputs_.emplace_back(port, false, length_bits);
  }

  std::size_t max_output_bytes() const override { return outputs_.empty() ? 0 : outputs_[0].limit(); }

  std::unique_ptr<Slot> allocate(const std::vector<std::size_t> &inputs,
                                 const std::vector<std::size_t> &outputs) override {
    std::unique_ptr<Buffers> buffers(new Buffers());
    for (std::size_t size : inputs) {
      const Block block = memory_->allocate(size);
      buffers->inputs.push_back(block.data);
      buffers->input_addresses.push_back(block.address);
    }
    for (std::size_t size : outputs) {
      const Block block = memory_->allocate(size);
      buffers->outputs.push_back(block.data);
      buffers->output_addresses.push_back(block.address);
    }
    return std::unique_ptr<Slot>(buffers.release());
  }

  void start(Slot &slot, std::size_t frames) override {
    const Buffers &buffers = static_cast<const Buffers &>(slot);
    if (network_.in_memory) {
      for (std::size_t i = 0; i < network_.input_ports.size(); ++i)
        write_pointer(network_.input_ports[i].offset, buffers.input_addresses[i]);
      for (std::size_t i = 0; i < network_.output_ports.size(); ++i)
        write_pointer(network_.output_ports[i].offset, buffers.output_addresses[i]);
      return run(frames);
    }
    moving_.clear();
    for (std::size_t i = 0; i < outputs_.size(); ++i)
      move(outputs_[i], buffers.output_addresses[i], frames * network_.output_ports[i].frame_bytes);
    run(frames);
    for (std::size_t i = 0; i < inputs_.size(); ++i)
      move(inputs_[i], buffers.input_addresses[i], frames * network_.input_ports[i].frame_bytes);
  }

  bool done(Slot &) override {
    for (std::size_t i = moving_.size(); i-- > 0;)
      if (moving_[i]->done()) moving_.erase(moving_.begin() + static_cast<std::ptrdiff_t>(i));
    if (!moving_.empty()) return false;
    const std::uint32_t state = registers_->read(ap_control);
    return !(state & ap_start) && (state & (ap_done | ap_idle)) != 0;
  }

  std::string stuck(Slot &) override {
    std::string text = "its control register is " + hexadecimal(registers_->read(ap_control));
    for (Channel *channel : moving_) text += ", " + channel->state();
    return text;
  }

  void write_weights(const Weights &weights, const Bytes &words) override {
    if (weights.external) {
      auto block = external_.find(weights.port);
      if (block == external_.end()) block = external_.emplace(weights.port, memory_->allocate(words.size())).first;
      std::memcpy(block->second.data, words.data(), words.size());
      return write_pointer(weights.offset, block->second.address);
    }
    for (std::size_t i = 0; i < words.size(); i += 4) {
      std::uint32_t value = 0;
      for (std::size_t k = 0; k < 4 && i + k < words.size(); ++k) value |= std::uint32_t(words[i + k]) << 8 * k;
      registers_->write(weights.offset + i, value);
    }
  }

 private:
  void move(Channel &channel, std::uint64_t address, std::size_t bytes) {
    channel.start(address, bytes);
    moving_.push_back(&channel);
  }
  void run(std::size_t frames) {
    registers_->write(network_.frames_offset, static_cast<std::uint32_t>(frames));
    registers_->write(ap_control, ap_start);
  }
  void write_pointer(std::size_t offset, std::uint64_t address) {
    registers_->write(offset, static_cast<std::uint32_t>(address));
    registers_->write(offset + 4, static_cast<std::uint32_t>(address >> 32));
  }

  const Network &network_;
  std::unique_ptr<Memory> memory_;
  std::unique_ptr<Registers> registers_;
  std::deque<Channel> inputs_, outputs_;
  std::vector<Channel *> moving_;
  std::map<std::string, Block> external_;
};

}  // namespace

std::unique_ptr<Backend> linux_backend(const Network &network, const std::string &memory, int length_bits) {
  return std::unique_ptr<Backend>(new LinuxBackend(network, memory, length_bits));
}

}  // namespace qnn
