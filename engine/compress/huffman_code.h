#pragma once
#include <cstdint>
#include <vector>

namespace sac {

constexpr int kLongestCode = 15;  ///< bits

/// Lengths of the best prefix code for these counts (Huffman 1952), flattened until none is longer than kLongestCode; 0
/// for a count of 0, 1 for one that is alone. Ties go by the order of symbols: equal counts give equal lengths
/// everywhere.
/// @param counts  at least one above 0.
std::vector<int> huffman_lengths(std::vector<std::int64_t> counts);

/// The canonical code of these lengths (Schwartz & Kallick 1964): shorter codes first, lower symbols first among
/// equals. A code's first bit is its word's lowest, as BitWriter puts them out.
std::vector<std::uint32_t> canonical_words(const std::vector<int>& lengths);

/// What the next bits of a message stand for, by the longest code's number of them.
struct CodeLookup {
  struct Entry {
    std::uint16_t symbol = 0;
    std::uint8_t length = 0;  ///< 0: no code begins like this
  };
  explicit CodeLookup(const std::vector<int>& lengths);

  int width = 1;
  std::vector<Entry> entries{};  ///< 2^width
};

}  // namespace sac
