#include "datasets/tokens.h"

#include <algorithm>

#include "engine/core/error.h"

namespace sac {
namespace {

/// What the first byte of a character says: bytes that follow, its own bits, and the least code point that may take
/// so many bytes.
struct Lead {
  std::size_t more = 0;
  char32_t bits = 0;
  char32_t least = 0;
  bool valid = true;
};

Lead lead_of(unsigned char byte) {
  if (byte < 0x80) return {0, byte, 0};
  if (byte >= 0xC2 && byte < 0xE0) return {1, byte & 0x1FU, 0x80};
  if (byte >= 0xE0 && byte < 0xF0) return {2, byte & 0x0FU, 0x800};
  if (byte >= 0xF0 && byte < 0xF5) return {3, byte & 0x07U, 0x10000};
  return {.valid = false};
}

[[noreturn]] void fail(const std::string& name, std::string_view text, std::size_t at) {
  constexpr const char* kDigits = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(text[at]);
  throw DataError(name + ": is not UTF-8 text: byte 0x" + kDigits[byte >> 4] + kDigits[byte & 15] + " at offset " +
                  std::to_string(at) + " (line " +
                  std::to_string(1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n')) +
                  ") begins no character");
}

}  // namespace

std::vector<char32_t> code_points(std::string_view text, const std::string& name) {
  std::vector<char32_t> points;
  points.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Lead lead = lead_of(static_cast<unsigned char>(text[at]));
    if (!lead.valid || at + lead.more >= text.size()) fail(name, text, at);
    char32_t point = lead.bits;
    for (std::size_t i = 1; i <= lead.more; ++i) {
      const auto byte = static_cast<unsigned char>(text[at + i]);
      if ((byte & 0xC0U) != 0x80U) fail(name, text, at);
      point = point << 6 | (byte & 0x3FU);
    }
    const bool surrogate = point >= 0xD800 && point < 0xE000;
    if (point < lead.least || point > 0x10FFFF || surrogate) fail(name, text, at);
    points.push_back(point);
    at += 1 + lead.more;
  }
  return points;
}

Tokens character_tokens(std::string_view text, const std::string& name) {
  const std::vector<char32_t> points = code_points(text, name);
  std::vector<std::int64_t> id_of(0x110000, 0);
  for (const char32_t point : points) id_of[point] = 1;
  Tokens tokens;
  for (std::int64_t& id : id_of) id = id == 1 ? tokens.vocabulary++ : -1;
  tokens.ids.reserve(points.size());
  for (const char32_t point : points) tokens.ids.push_back(id_of[point]);
  return tokens;
}

Tokens byte_tokens(std::string_view text) {
  Tokens tokens{.vocabulary = 256};
  tokens.ids.reserve(text.size());
  for (const char byte : text) tokens.ids.push_back(static_cast<unsigned char>(byte));
  return tokens;
}

}  // namespace sac
