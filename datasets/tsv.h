#pragma once
#include <string>
#include <vector>

namespace sac {

/// Labelled texts of one file.
struct LabelledTexts {
  std::vector<std::string> texts;
  std::vector<std::string> labels;
};

/// Reads tab-separated lines below a header that names the columns; CR before the end of a line is dropped, quotes mean
/// nothing.
/// @param name  of the file, for messages.
/// @throws DataError  no lines, a column missing, a line with another number of fields.
LabelledTexts read_tsv(const std::string& content, const std::string& name, const std::string& text_column,
                       const std::string& label_column);

}  // namespace sac
