#include "results/text_table.h"

#include <algorithm>

#include "results/format.h"

namespace sac {

TextTable::TextTable(std::vector<std::string> header) : left_(header.size(), false) {
  left_.front() = true;
  rows_.push_back(std::move(header));
}

void TextTable::add(std::vector<std::string> row) {
  for (std::string& cell : row) cell = printable(cell);
  row.resize(left_.size());
  rows_.push_back(std::move(row));
}

void TextTable::left(std::size_t column) { left_[column] = true; }

std::string TextTable::line(const std::vector<std::string>& row, const std::vector<std::size_t>& widths) const {
  std::string line;
  for (std::size_t column = 0; column < row.size(); ++column) {
    const std::string padding(widths[column] - display_width(row[column]), ' ');
    if (column > 0) line += "  ";
    line += left_[column] ? row[column] + padding : padding + row[column];
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

std::string TextTable::text(bool bold_header) const {
  std::vector<std::size_t> widths(left_.size(), 0);
  for (const auto& row : rows_) {
    for (std::size_t column = 0; column < row.size(); ++column) {
      widths[column] = std::max(widths[column], display_width(row[column]));
    }
  }
  const std::string header = line(rows_.front(), widths);
  std::string text = bold_header ? "\033[1m" + header + "\033[0m\n" : header + "\n";
  for (std::size_t row = 1; row < rows_.size(); ++row) text += line(rows_[row], widths) + "\n";
  return text;
}

}  // namespace sac
