#pragma once
#include <cstddef>
#include <string>
#include <vector>

namespace sac {

/// Rows of cells set in aligned columns: the first to the left, the others to the right unless told otherwise.
class TextTable {
 public:
  explicit TextTable(std::vector<std::string> header);
  void add(std::vector<std::string> row);
  /// Aligns column `column` to the left.
  void left(std::size_t column);
  /// Each line ends with '\n' and has no trailing spaces. @param bold_header  with an ANSI escape.
  [[nodiscard]] std::string text(bool bold_header = false) const;

 private:
  [[nodiscard]] std::string line(const std::vector<std::string>& row, const std::vector<std::size_t>& widths) const;

  std::vector<std::vector<std::string>> rows_;  ///< the header first
  std::vector<bool> left_;
};

}  // namespace sac
