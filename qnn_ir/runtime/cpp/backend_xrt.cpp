// Alveo cards under XRT, which queues the calls.
#include <xrt/xrt_bo.h>
#include <xrt/xrt_device.h>
#include <xrt/xrt_kernel.h>

#include <cstring>
#include <exception>
#include <map>

#include "driver.h"

namespace qnn {
namespace {

struct Buffers : Slot {
  std::vector<xrt::bo> objects;  // inputs, then outputs
  xrt::run run;
  std::size_t frames = 0;
};

class XrtBackend : public Backend {
 public:
  XrtBackend(const Network &network, const std::string &xclbin, unsigned device)
      : network_(network), device_(device), kernel_(device_, device_.load_xclbin(xclbin), network.kernel) {}

  std::size_t depth() const override { return 2; }

  std::unique_ptr<Slot> allocate(const std::vector<std::size_t> &inputs,
                                 const std::vector<std::size_t> &outputs) override {
    std::unique_ptr<Buffers> buffers(new Buffers());
    for (std::size_t i = 0; i < inputs.size(); ++i)
      buffers->inputs.push_back(add(*buffers, network_.input_ports[i].name, inputs[i]));
    for (std::size_t i = 0; i < outputs.size(); ++i)
      buffers->outputs.push_back(add(*buffers, network_.output_ports[i].name, outputs[i]));
    return std::unique_ptr<Slot>(buffers.release());
  }

  void start(Slot &slot, std::size_t frames) override {
    Buffers &buffers = static_cast<Buffers &>(slot);
    buffers.frames = frames;
    buffers.run = xrt::run(kernel_);
    std::size_t place = 0;
    for (const Port &port : network_.input_ports) {
      buffers.objects[place].sync(XCL_BO_SYNC_BO_TO_DEVICE, frames * port.frame_bytes, 0);
      buffers.run.set_arg(argument(port.name), buffers.objects[place++]);
    }
    for (const Port &port : network_.output_ports) buffers.run.set_arg(argument(port.name), buffers.objects[place++]);
    for (const auto &weights : weights_) buffers.run.set_arg(argument(weights.first), weights.second);
    buffers.run.set_arg(argument("frames"), static_cast<unsigned>(frames));
    buffers.run.start();
  }

  bool done(Slot &slot) override {
    Buffers &buffers = static_cast<Buffers &>(slot);
    const ert_cmd_state state = buffers.run.state();
    if (state == ERT_CMD_STATE_ERROR || state == ERT_CMD_STATE_ABORT || state == ERT_CMD_STATE_TIMEOUT)
      throw Error("XRT: the call ended in state " + std::to_string(static_cast<int>(state)));
    if (state != ERT_CMD_STATE_COMPLETED) return false;
    for (std::size_t i = 0; i < network_.output_ports.size(); ++i)
      buffers.objects[network_.input_ports.size() + i].sync(XCL_BO_SYNC_BO_FROM_DEVICE,
                                                            buffers.frames * network_.output_ports[i].frame_bytes, 0);
    return true;
  }

  std::string stuck(Slot &slot) override {
    return "XRT says state " + std::to_string(static_cast<int>(static_cast<Buffers &>(slot).run.state()));
  }

  void write_weights(const Weights &weights, const Bytes &words) override {
    if (!weights.external)
      throw Error("layer '" + std::string(weights.layer) +
                  "' has weights in registers, which XRT cannot reach; build with external ones");
    const auto known = weights_.find(weights.port);
    xrt::bo object = known != weights_.end() ? known->second : make(weights.port, words.size());
    std::memcpy(object.map<std::uint8_t *>(), words.data(), words.size());
    object.sync(XCL_BO_SYNC_BO_TO_DEVICE, words.size(), 0);
    weights_[weights.port] = object;
  }

 private:
  int argument(const std::string &name) const {
    for (std::size_t i = 0; i < network_.arguments.size(); ++i)
      if (name == network_.arguments[i]) return static_cast<int>(i);
    throw Error("the kernel has no argument " + name);
  }
  // In the memory bank that an argument of the kernel is connected to.
  xrt::bo make(const std::string &name, std::size_t size) {
    return xrt::bo(device_, size, xrt::bo::flags::normal, kernel_.group_id(argument(name)));
  }
  std::uint8_t *add(Buffers &buffers, const std::string &name, std::size_t size) {
    buffers.objects.push_back(make(name, size));
    return buffers.objects.back().map<std::uint8_t *>();
  }

  const Network &network_;
  xrt::device device_;
  xrt::kernel kernel_;
  std::map<std::string, xrt::bo> weights_;
};

}  // namespace

std::unique_ptr<Backend> xrt_backend(const Network &network, const std::string &xclbin, unsigned device) {
  try {
    return std::unique_ptr<Backend>(new XrtBackend(network, xclbin, device));
  } catch (const std::exception &error) {
    throw Error("cannot load " + xclbin + ": " + error.what());
  }
}

}  // namespace qnn
