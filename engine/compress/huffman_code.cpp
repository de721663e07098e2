#include "engine/compress/huffman_code.h"

#include <algorithm>
#include <array>
#include <functional>
#include <queue>
#include <utility>

namespace sac {
namespace {

/// Depths of the leaves of a Huffman tree; leaves are nodes 0 to counts.size() - 1, inner ones follow as they are made.
std::vector<int> leaf_depths(const std::vector<std::int64_t>& counts) {
  using Weighed = std::pair<std::int64_t, std::size_t>;  // count, node
  std::priority_queue<Weighed, std::vector<Weighed>, std::greater<>> queue;
  for (std::size_t leaf = 0; leaf < counts.size(); ++leaf) {
    if (counts[leaf] > 0) queue.emplace(counts[leaf], leaf);
  }
  std::vector<std::size_t> parent(counts.size(), 0);  // 0, a leaf, is nobody's parent
  while (queue.size() > 1) {
    std::int64_t sum = 0;
    for (int child = 0; child < 2; ++child) {
      sum += queue.top().first;
      parent[queue.top().second] = parent.size();
      queue.pop();
    }
    queue.emplace(sum, parent.size());
    parent.push_back(0);
  }
  std::vector<int> depth(parent.size(), 0);
  for (std::size_t node = parent.size(); node-- > 0;) {
    if (parent[node] != 0) depth[node] = depth[parent[node]] + 1;
  }
  depth.resize(counts.size());
  return depth;
}

std::uint32_t reversed(std::uint32_t code, int length) {
  std::uint32_t word = 0;
  for (int bit = 0; bit < length; ++bit, code >>= 1) word = word << 1 | (code & 1U);
  return word;
}

}  // namespace

std::vector<int> huffman_lengths(std::vector<std::int64_t> counts) {
  const auto used = std::count_if(counts.begin(), counts.end(), [](std::int64_t count) { return count > 0; });
  std::vector<int> lengths(counts.size());
  if (used == 1) {
    std::transform(counts.begin(), counts.end(), lengths.begin(), [](std::int64_t count) { return count > 0 ? 1 : 0; });
    return lengths;
  }
  lengths = leaf_depths(counts);
  while (*std::max_element(lengths.begin(), lengths.end()) > kLongestCode) {
    for (std::int64_t& count : counts) count = (count + 1) / 2;
    lengths = leaf_depths(counts);
  }
  return lengths;
}

std::vector<std::uint32_t> canonical_words(const std::vector<int>& lengths) {
  std::array<std::uint32_t, kLongestCode + 2> next{};  // the next code of each length
  for (const int length : lengths) {
    if (length > 0) ++next[static_cast<std::size_t>(length) + 1];
  }
  for (std::size_t length = 1; length < next.size(); ++length) next[length] = (next[length] + next[length - 1]) << 1;
  std::vector<std::uint32_t> words;
  for (const int length : lengths) {
    words.push_back(length == 0 ? 0 : reversed(next[static_cast<std::size_t>(length)]++, length));
  }
  return words;
}

CodeLookup::CodeLookup(const std::vector<int>& lengths)
    : width(std::max(1, *std::max_element(lengths.begin(), lengths.end()))), entries(std::size_t{1} << width) {
  const std::vector<std::uint32_t> words = canonical_words(lengths);
  for (std::size_t symbol = 0; symbol < lengths.size(); ++symbol) {
    if (lengths[symbol] == 0) continue;
    const Entry entry{static_cast<std::uint16_t>(symbol), static_cast<std::uint8_t>(lengths[symbol])};
    for (std::size_t at = words[symbol]; at < entries.size(); at += std::size_t{1} << lengths[symbol]) {
      entries[at] = entry;
    }
  }
}

}  // namespace sac
