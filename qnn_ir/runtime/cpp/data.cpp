// Weights as words, and files.
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>

#include "driver.h"

namespace qnn {
namespace {

const char magic[] = "\x93NUMPY";
const std::size_t magic_bytes = 6;

template <typename T>
void append(const char *raw, std::size_t count, Array &array) {
  const bool real = array.type == float32;
  array.bytes.resize(count * (real ? sizeof(float) : sizeof(std::int64_t)));
  for (std::size_t i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, raw + i * sizeof(T), sizeof(T));
    if (real)
      array.data<float>()[i] = static_cast<float>(value);
    else
      array.data<std::int64_t>()[i] = static_cast<std::int64_t>(value);
  }
}

// The text between `key` and `end` in the header of a .npy.
std::string field(const std::string &header, const std::string &key, char begin, char end) {
  const std::size_t place = header.find(key), first = header.find(begin, place + key.size());
  const std::size_t last = header.find(end, first + 1);
  if (place == std::string::npos || first == std::string::npos || last == std::string::npos) return "";
  return header.substr(first + 1, last - first - 1);
}

std::vector<std::size_t> numbers(std::string text) {
  for (char &c : text)
    if (c == ',') c = ' ';
  std::istringstream stream(text);
  return std::vector<std::size_t>((std::istream_iterator<std::size_t>(stream)), std::istream_iterator<std::size_t>());
}

void set_bits(Bytes &words, std::size_t position, int bits, std::int64_t value) {
  for (int i = 0; i < bits; ++i)
    if (static_cast<std::uint64_t>(value) >> i & 1)
      words[(position + i) / 8] = static_cast<std::uint8_t>(words[(position + i) / 8] | 1u << (position + i) % 8);
}

}  // namespace

Array converted(const Array &array, Type type) {
  if (array.type == type) return array;
  Array result;
  result.type = type;
  result.shape = array.shape;
  const char *raw = reinterpret_cast<const char *>(array.bytes.data());
  if (array.type == float32)
    append<float>(raw, array.bytes.size() / sizeof(float), result);
  else
    append<std::int64_t>(raw, array.bytes.size() / sizeof(std::int64_t), result);
  return result;
}

Bytes words_of(const Weights &weights, const std::vector<std::int64_t> &matrix) {
  const std::string name = "weights of '" + std::string(weights.layer) + "': ";
  if (matrix.size() != weights.rows * weights.columns)
    throw Error(name + "give " + std::to_string(weights.rows) + " x " + std::to_string(weights.columns) + " integers");
  for (std::int64_t value : matrix)
    if (value < weights.least || value > weights.most ||
        (weights.bipolar && value != weights.least && value != weights.most))
      throw Error(name + std::to_string(value) + " is none of its values");
  Bytes words(weights.bytes);
  const std::size_t across = weights.columns_from.size() / weights.tile_columns;
  for (std::size_t r = 0; r < weights.rows_from.size(); ++r)
    for (std::size_t c = 0; c < weights.columns_from.size(); ++c) {
      const long row = weights.rows_from[r], column = weights.columns_from[c];
      if (row < 0 || column < 0) continue;
      const std::int64_t value = matrix[static_cast<std::size_t>(row) * weights.columns + column];
      const std::size_t tile = r / weights.tile_rows * across + c / weights.tile_columns;
      const std::size_t lane = r % weights.tile_rows * weights.tile_columns + c % weights.tile_columns;
      set_bits(words, tile * weights.word_bytes * 8 + lane * weights.bits, weights.bits,
               weights.bipolar ? value > 0 : value);
    }
  return words;
}

Bytes read_file(const std::string &path, std::size_t size) {
  std::ifstream file(path, std::ios::binary);
  const Bytes bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file) throw Error("cannot read " + path);
  if (bytes.size() != size)
    throw Error(path + ": " + std::to_string(bytes.size()) + " bytes, expected " + std::to_string(size));
  return bytes;
}

Array read_npy(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  const std::string all((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file) throw Error("cannot read " + path);
  const Error wrong(path + ": not an array that numpy.save wrote, of floats or integers");
  if (all.size() < 12 || all.compare(0, magic_bytes, magic) != 0) throw wrong;
  std::size_t length = 0;
  const std::size_t width = all[6] == 1 ? 2 : 4;
  for (std::size_t i = width; i-- > 0;) length = length << 8 | static_cast<unsigned char>(all[8 + i]);
  if (all.size() < 8 + width + length) throw wrong;
  const std::string header = all.substr(8 + width, length), kind = field(header, "'descr':", '\'', '\'');
  if (header.find("'fortran_order': False") == std::string::npos || kind.size() < 3) throw wrong;
  Array array;
  array.shape = numbers(field(header, "'shape':", '(', ')'));
  array.type = kind[1] == 'f' ? float32 : int64;
  std::size_t count = 1;
  for (std::size_t size : array.shape) count *= size;
  const std::size_t item = static_cast<std::size_t>(kind[2] - '0');
  const char *raw = all.data() + 8 + width + length;
  if (kind[0] == '>' || all.size() - (8 + width + length) != count * item) throw wrong;
  const std::string type = kind.substr(1);
  if (type == "f4") append<float>(raw, count, array);
  else if (type == "f8") append<double>(raw, count, array);
  else if (type == "i8") append<std::int64_t>(raw, count, array);
  else if (type == "i4") append<std::int32_t>(raw, count, array);
  else if (type == "i1") append<std::int8_t>(raw, count, array);
  else if (type == "u1") append<std::uint8_t>(raw, count, array);
  else throw wrong;
  return array;
}

void write_npy(const std::string &path, const Array &array) {
  std::string shape;
  for (std::size_t size : array.shape) shape += std::to_string(size) + ", ";
  std::string header = "{'descr': '" + std::string(array.type == float32 ? "<f4" : "<i8") +
                       "', 'fortran_order': False, 'shape': (" + shape + "), }";
  header.resize((header.size() + 1 + 10 + 63) / 64 * 64 - 10 - 1, ' ');
  header += '\n';
  std::ofstream file(path, std::ios::binary);
  file.write(magic, magic_bytes);
  const char version[] = {1, 0, static_cast<char>(header.size() & 0xff), static_cast<char>(header.size() >> 8)};
  file.write(version, sizeof version);
  file << header;
  file.write(reinterpret_cast<const char *>(array.bytes.data()), static_cast<std::streamsize>(array.bytes.size()));
  file.close();
  if (!file) throw Error("cannot write " + path);
}

}  // namespace qnn
