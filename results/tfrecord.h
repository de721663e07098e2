#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace sac {

/// CRC-32C (Castagnoli), as of RFC 3720.
std::uint32_t crc32c(std::string_view bytes);

/// One record of TensorFlow's record files: length (u64), its masked CRC-32C, payload, its masked CRC-32C, all little
/// endian.
std::string tfrecord(std::string_view payload);

/// The little of Protocol Buffers that event files need: fields appended to a message.
class ProtoMessage {
 public:
  ProtoMessage& add_double(int field, double value);
  ProtoMessage& add_float(int field, float value);
  ProtoMessage& add_integer(int field, std::int64_t value);
  ProtoMessage& add_bytes(int field, std::string_view value);
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  void add_varint(std::uint64_t value);

  std::string bytes_;
};

}  // namespace sac
