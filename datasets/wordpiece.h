#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace sac {

/// BERT's tokeniser (Devlin et al. 2019): words at white space and around punctuation, each cut greedily into the
/// longest pieces of a vocabulary, those after a word's beginning marked "##". ASCII letters may be lowered.
class WordPiece {
 public:
  static constexpr std::int64_t kPad = 0;

  /// @param pieces  by id; must hold "[PAD]" first, "[UNK]", "[CLS]" and "[SEP]".  @param name  for messages.
  /// @throws DataError  one of them is missing.
  WordPiece(std::vector<std::string> pieces, bool lowercase, const std::string& name);

  /// A vocabulary of at most `size` pieces: the special ones, all characters that occur, at the
  /// beginning of a word and inside, then the most frequent words.
  static WordPiece learn(std::span<const std::string> texts, std::int64_t size, bool lowercase);

  /// "[CLS]", the pieces, "[SEP]", cut or padded to `length` ids, length >= 2; a word that no pieces make is "[UNK]".
  void encode(const std::string& text, std::span<std::int64_t> ids) const;

  [[nodiscard]] std::int64_t vocabulary() const { return static_cast<std::int64_t>(pieces_.size()); }
  [[nodiscard]] const std::vector<std::string>& pieces() const { return pieces_; }

 private:
  void append(const std::string& word, std::vector<std::int64_t>& ids) const;

  std::vector<std::string> pieces_;
  std::unordered_map<std::string, std::int64_t> ids_;
  bool lowercase_;
  std::int64_t unknown_, first_, last_;
};

/// Words of a text: runs of anything but white space, ASCII punctuation apart.
std::vector<std::string> words_of(const std::string& text, bool lowercase);

}  // namespace sac
