#include "datasets/wordpiece.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "engine/core/error.h"

namespace sac {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f'; }
bool is_punctuation(char c) { return std::ispunct(static_cast<unsigned char>(c)) != 0 && (c & 0x80) == 0; }
/// A byte that begins no character of UTF-8.
bool is_inner(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

/// Bytes of the character that begins at `at`.
std::size_t character_size(const std::string& word, std::size_t at) {
  std::size_t end = at + 1;
  while (end < word.size() && is_inner(word[end])) ++end;
  return end - at;
}

}  // namespace

std::vector<std::string> words_of(const std::string& text, bool lowercase) {
  std::vector<std::string> words;
  bool open = false;
  for (const char byte : text) {
    if (is_space(byte)) {
      open = false;
      continue;
    }
    const bool apart = is_punctuation(byte);
    if (!open || apart) words.emplace_back();
    words.back() += lowercase && byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + ('a' - 'A')) : byte;
    open = !apart;
  }
  return words;
}

WordPiece::WordPiece(std::vector<std::string> pieces, bool lowercase, const std::string& name)
    : pieces_(std::move(pieces)), lowercase_(lowercase) {
  for (std::size_t i = 0; i < pieces_.size(); ++i) ids_.emplace(pieces_[i], static_cast<std::int64_t>(i));
  const auto special = [&](const char* piece) {
    const auto found = ids_.find(piece);
    if (found == ids_.end())
      throw DataError(name + ": no piece " + piece + " among its " + std::to_string(pieces_.size()));
    return found->second;
  };
  if (special("[PAD]") != kPad)
    throw DataError(name + ": its first piece is '" + pieces_.front() + "', expected [PAD]");
  unknown_ = special("[UNK]");
  first_ = special("[CLS]");
  last_ = special("[SEP]");
}

WordPiece WordPiece::learn(std::span<const std::string> texts, std::int64_t size, bool lowercase) {
  std::map<std::string, std::int64_t> counts;
  for (const std::string& text : texts) {
    for (const std::string& word : words_of(text, lowercase)) ++counts[word];
  }
  std::set<std::string> characters;
  for (const auto& [word, count] : counts) {
    for (std::size_t at = 0; at < word.size(); at += character_size(word, at)) {
      const std::string character = word.substr(at, character_size(word, at));
      characters.insert({character, "##" + character});
    }
  }
  std::vector<std::string> pieces{"[PAD]", "[UNK]", "[CLS]", "[SEP]"};
  pieces.insert(pieces.end(), characters.begin(), characters.end());
  std::vector<std::pair<std::string, std::int64_t>> words(counts.begin(), counts.end());
  std::stable_sort(words.begin(), words.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  for (const auto& [word, count] : words) {
    if (static_cast<std::int64_t>(pieces.size()) >= size) break;
    if (!characters.contains(word)) pieces.push_back(word);
  }
  return {std::move(pieces), lowercase, "the vocabulary"};
}

void WordPiece::append(const std::string& word, std::vector<std::int64_t>& ids) const {
  const std::size_t before = ids.size();
  for (std::size_t begin = 0; begin < word.size();) {
    const std::string mark = begin == 0 ? "" : "##";
    std::size_t end = word.size();
    auto found = ids_.find(mark + word.substr(begin));
    while (found == ids_.end() && --end > begin) found = ids_.find(mark + word.substr(begin, end - begin));
    if (found == ids_.end()) {
      ids.resize(before);
      ids.push_back(unknown_);
      return;
    }
    ids.push_back(found->second);
    begin = end;
  }
}

void WordPiece::encode(const std::string& text, std::span<std::int64_t> ids) const {
  std::vector<std::int64_t> pieces;
  for (const std::string& word : words_of(text, lowercase_)) {
    if (pieces.size() >= ids.size()) break;
    append(word, pieces);
  }
  pieces.resize(std::min(pieces.size(), ids.size() - 2));
  std::fill(ids.begin(), ids.end(), kPad);
  ids[0] = first_;
  std::copy(pieces.begin(), pieces.end(), ids.begin() + 1);
  ids[pieces.size() + 1] = last_;
}

}  // namespace sac
