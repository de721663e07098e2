#include "datasets/tsv.h"

#include <algorithm>

#include "engine/core/error.h"

namespace sac {
namespace {

std::vector<std::string> fields_of(const std::string& content, std::size_t begin, std::size_t end) {
  if (end > begin && content[end - 1] == '\r') --end;
  std::vector<std::string> fields(1);
  for (std::size_t i = begin; i < end; ++i) {
    if (content[i] == '\t') {
      fields.emplace_back();
    } else {
      fields.back() += content[i];
    }
  }
  return fields;
}

std::size_t column(const std::vector<std::string>& header, const std::string& wanted, const std::string& name) {
  const auto found = std::find(header.begin(), header.end(), wanted);
  if (found != header.end()) return static_cast<std::size_t>(found - header.begin());
  throw DataError(name + ": no column '" + wanted + "' in its first line; columns: " + join(header));
}

}  // namespace

LabelledTexts read_tsv(const std::string& content, const std::string& name, const std::string& text_column,
                       const std::string& label_column) {
  LabelledTexts rows;
  std::vector<std::string> header;
  std::size_t text = 0;
  std::size_t label = 0;
  std::int64_t line = 0;
  for (std::size_t begin = 0; begin < content.size();) {
    const std::size_t end = std::min(content.find('\n', begin), content.size());
    std::vector<std::string> fields = fields_of(content, begin, end);
    begin = end + 1;
    if (++line == 1) {
      header = std::move(fields);
      text = column(header, text_column, name);
      label = column(header, label_column, name);
      continue;
    }
    if (fields.size() != header.size()) {
      throw DataError(name + " line " + std::to_string(line) + ": " + std::to_string(fields.size()) +
                      " fields, expected the " + std::to_string(header.size()) + " of the first line: " + join(header));
    }
    rows.texts.push_back(std::move(fields[text]));
    rows.labels.push_back(std::move(fields[label]));
  }
  if (rows.texts.empty()) throw DataError(name + ": holds no labelled texts below a line that names the columns");
  return rows;
}

}  // namespace sac
