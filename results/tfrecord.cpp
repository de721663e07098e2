#include "results/tfrecord.h"

#include <array>
#include <bit>

namespace sac {
namespace {

constexpr std::uint32_t kCastagnoli = 0x82F63B78;  // reflected
constexpr std::uint32_t kMaskDelta = 0xA282EAD8;

// Protocol Buffers' wire types.
constexpr int kVarint = 0;
constexpr int kFixed64 = 1;
constexpr int kBytes = 2;
constexpr int kFixed32 = 5;

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kCastagnoli : 0);
    table[byte] = crc;
  }
  return table;
}
constexpr auto kTable = make_table();

template <class Number>
std::string little_endian(Number number) {
  std::string bytes;
  for (std::size_t byte = 0; byte < sizeof(Number); ++byte) bytes += static_cast<char>((number >> (8 * byte)) & 0xFF);
  return bytes;
}

/// A CRC of bytes that hold CRCs themselves is weak; hence the mask.
std::string masked_crc(std::string_view bytes) {
  const std::uint32_t crc = crc32c(bytes);
  return little_endian(std::rotr(crc, 15) + kMaskDelta);
}

std::uint64_t tag(int field, int wire_type) { return static_cast<std::uint64_t>(field) << 3 | wire_type; }

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t crc = ~0U;
  for (const char byte : bytes) crc = (crc >> 8) ^ kTable[(crc ^ static_cast<unsigned char>(byte)) & 0xFF];
  return ~crc;
}

std::string tfrecord(std::string_view payload) {
  const std::string length = little_endian(static_cast<std::uint64_t>(payload.size()));
  return length + masked_crc(length) + std::string(payload) + masked_crc(payload);
}

void ProtoMessage::add_varint(std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
  bytes_ += static_cast<char>(value);
}

ProtoMessage& ProtoMessage::add_double(int field, double value) {
  add_varint(tag(field, kFixed64));
  bytes_ += little_endian(std::bit_cast<std::uint64_t>(value));
  return *this;
}

ProtoMessage& ProtoMessage::add_float(int field, float value) {
  add_varint(tag(field, kFixed32));
  bytes_ += little_endian(std::bit_cast<std::uint32_t>(value));
  return *this;
}

ProtoMessage& ProtoMessage::add_integer(int field, std::int64_t value) {
  add_varint(tag(field, kVarint));
  add_varint(static_cast<std::uint64_t>(value));
  return *this;
}

ProtoMessage& ProtoMessage::add_bytes(int field, std::string_view value) {
  add_varint(tag(field, kBytes));
  add_varint(value.size());
  bytes_ += value;
  return *this;
}

}  // namespace sac
