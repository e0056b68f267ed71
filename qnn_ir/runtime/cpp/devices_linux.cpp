// Registers by UIO or /dev/mem, memory by u-dma-buf (github.com/ikwzm/udmabuf) or /dev/mem.
#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <vector>

#include "devices.h"
#include "driver.h"

namespace qnn {
namespace {

const char *const no_memory = "give memory with --memory: the name of a u-dma-buf, or ADDRESS:SIZE";

std::vector<std::string> entries(const std::string &folder) {
  std::vector<std::string> names;
  if (DIR *opened = opendir(folder.c_str())) {
    while (const dirent *entry = readdir(opened))
      if (entry->d_name[0] != '.') names.push_back(entry->d_name);
    closedir(opened);
  }
  std::sort(names.begin(), names.end());
  return names;
}

// The number in a file of /sys, decimal or with 0x; 0 where there is none.
std::uint64_t number_in(const std::string &path) {
  std::ifstream file(path);
  std::string text;
  file >> text;
  return std::strtoull(text.c_str(), nullptr, 0);
}

// A range of a device file in our address space.
class Mapping {
 public:
  Mapping(const std::string &path, std::uint64_t offset, std::size_t size) : size_(size) {
    const int file = open(path.c_str(), O_RDWR | O_SYNC);
    if (file < 0) throw Error("cannot open " + path + ": " + std::strerror(errno) + "; run as root");
    const std::uint64_t page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)), start = offset / page * page;
    before_ = static_cast<std::size_t>(offset - start);
    base_ = mmap(nullptr, before_ + size, PROT_READ | PROT_WRITE, MAP_SHARED, file, static_cast<off_t>(start));
    const int problem = errno;
    close(file);
    if (base_ == MAP_FAILED) throw Error("cannot map " + path + ": " + std::strerror(problem));
  }
  ~Mapping() { munmap(base_, before_ + size_); }
  Mapping(const Mapping &) = delete;
  Mapping &operator=(const Mapping &) = delete;
  std::uint8_t *data() const { return static_cast<std::uint8_t *>(base_) + before_; }

 private:
  void *base_;
  std::size_t before_, size_;
};

class MappedRegisters : public Registers {
 public:
  MappedRegisters(const std::string &path, std::uint64_t offset, std::size_t size) : mapping_(path, offset, size) {}
  std::uint32_t read(std::size_t offset) override { return *at(offset); }
  void write(std::size_t offset, std::uint32_t value) override { *at(offset) = value; }

 private:
  volatile std::uint32_t *at(std::size_t offset) {
    return reinterpret_cast<volatile std::uint32_t *>(mapping_.data() + offset);
  }
  Mapping mapping_;
};

class MappedMemory : public Memory {
 public:
  MappedMemory(const std::string &path, std::uint64_t offset, std::uint64_t address, std::size_t size)
      : mapping_(path, offset, size), address_(address), size_(size) {}
  Block allocate(std::size_t size) override {
    const std::size_t page = 4096, taken = (size + page - 1) / page * page;
    if (taken > size_ - used_)
      throw Error("no memory for a buffer of " + std::to_string(size) + " bytes; choose a smaller batch");
    const Block block = {mapping_.data() + used_, address_ + used_};
    used_ += taken;
    return block;
  }

 private:
  Mapping mapping_;
  std::uint64_t address_;
  std::size_t size_, used_ = 0;
};

}  // namespace

std::unique_ptr<Registers> map_registers(std::uint64_t address, std::size_t size) {
  const std::string all = "/sys/class/uio/";
  for (const std::string &name : entries(all)) {
    const std::string map = all + name + "/maps/map0/";
    if (number_in(map + "addr") == address && number_in(map + "size") >= size)
      return std::unique_ptr<Registers>(new MappedRegisters("/dev/" + name, 0, size));
  }
  return std::unique_ptr<Registers>(new MappedRegisters("/dev/mem", address, size));
}

std::unique_ptr<Memory> map_memory(const std::string &where) {
  const std::size_t colon = where.find(':');
  if (colon != std::string::npos) {
    const std::uint64_t address = std::strtoull(where.c_str(), nullptr, 0);
    const std::size_t size = static_cast<std::size_t>(std::strtoull(where.c_str() + colon + 1, nullptr, 0));
    if (!address || !size) throw Error("memory " + where + "; " + no_memory);
    return std::unique_ptr<Memory>(new MappedMemory("/dev/mem", address, address, size));
  }
  for (const char *all : {"/sys/class/u-dma-buf/", "/sys/class/udmabuf/"})
    for (const std::string &name : entries(all)) {
      if (!where.empty() && name != where) continue;
      const std::uint64_t address = number_in(all + name + "/phys_addr");
      const std::size_t size = static_cast<std::size_t>(number_in(all + name + "/size"));
      return std::unique_ptr<Memory>(new MappedMemory("/dev/" + name, 0, address, size));
    }
  throw Error(std::string("there is no u-dma-buf ") + where + "; " + no_memory);
}

}  // namespace qnn
