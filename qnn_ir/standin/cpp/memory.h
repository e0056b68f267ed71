// The memory of the board.
#ifndef QNN_STANDIN_MEMORY_H
#define QNN_STANDIN_MEMORY_H

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace standin {

typedef std::vector<unsigned char> Bytes;

class Memory {
 public:
  std::uint64_t allocate(std::size_t size) {
    const std::uint64_t pages = (size + page - 1) / page * page + page;  // one page between any two
    if (next_ + pages > end) return 0;
    const std::uint64_t address = next_;
    next_ += pages;
    blocks_[address] = Bytes(size);
    return address;
  }
  void free(std::uint64_t address) { blocks_.erase(address); }
  unsigned char *pointer(std::uint64_t address, std::size_t size) {
    auto block = blocks_.upper_bound(address);
    if (block == blocks_.begin()) return nullptr;
    --block;
    const std::uint64_t offset = address - block->first;
    return offset <= block->second.size() && size <= block->second.size() - offset ? &block->second[0] + offset
                                                                                   : nullptr;
  }

 private:
  static const std::uint64_t first = 0x10000000, end = 0x40000000, page = 0x1000;
  std::map<std::uint64_t, Bytes> blocks_;
  std::uint64_t next_ = first;
};

}  // namespace standin

#endif
