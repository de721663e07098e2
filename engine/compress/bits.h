#pragma once
#include <cstdint>
#include <cstring>
#include <span>

namespace sac {

/// Bytes that `count` codes of `width` bits take.
constexpr std::int64_t packed_bytes(std::int64_t count, int width) { return (count * width + 7) / 8; }

/// Packs codes of a fixed width, lowest bits first.
class BitWriter {
 public:
  explicit BitWriter(std::uint8_t* out) : out_(out) {}
  void put(std::uint32_t code, int width) {
    pending_ |= static_cast<std::uint64_t>(code) << filled_;
    for (filled_ += width; filled_ >= 8; filled_ -= 8, pending_ >>= 8) *out_++ = static_cast<std::uint8_t>(pending_);
  }
  /// Writes what is left.
  void finish() {
    if (filled_ > 0) *out_ = static_cast<std::uint8_t>(pending_);
  }

 private:
  std::uint8_t* out_;
  std::uint64_t pending_ = 0;
  int filled_ = 0;
};

/// Packs whole runs of codes of one width as BitWriter does; a byte each where the width is 8.
class CodeWriter {
 public:
  CodeWriter(std::uint8_t* out, int width) : out_(out), bits_(out), width_(width) {}
  void put(std::span<const std::int32_t> codes) {
    if (width_ == 8) {
      for (const std::int32_t code : codes) *out_++ = static_cast<std::uint8_t>(code);
    } else {
      for (const std::int32_t code : codes) bits_.put(static_cast<std::uint32_t>(code), width_);
    }
  }
  void finish() { bits_.finish(); }

 private:
  std::uint8_t* out_;
  BitWriter bits_;
  int width_;
};

/// Reads what BitWriter wrote.
class BitReader {
 public:
  explicit BitReader(const std::uint8_t* in) : in_(in) {}
  std::uint32_t take(int width) {
    for (; filled_ < width; filled_ += 8) pending_ |= static_cast<std::uint64_t>(*in_++) << filled_;
    const auto code = static_cast<std::uint32_t>(pending_ & ((std::uint64_t{1} << width) - 1));
    pending_ >>= width;
    filled_ -= width;
    return code;
  }

 private:
  const std::uint8_t* in_;
  std::uint64_t pending_ = 0;
  int filled_ = 0;
};

/// One number as its bytes.
template <class T>
void store(std::uint8_t* out, T value) {
  std::memcpy(out, &value, sizeof value);
}
template <class T>
T load(const std::uint8_t* in) {
  T value;
  std::memcpy(&value, in, sizeof value);
  return value;
}

}  // namespace sac
