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

/// Where the first line begins: behind a byte-order mark.
std::size_t begin_of(const std::string& content) { return content.starts_with("\xEF\xBB\xBF") ? 3 : 0; }

/// Where the last line ends that holds anything.
std::size_t end_of(const std::string& content) { return content.find_last_not_of("\r\n") + 1; }

[[noreturn]] void refuse(const std::string& name, std::int64_t line, const std::string& what) {
  throw DataError(name + " line " + std::to_string(line) + ": " + what);
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
  const std::size_t last = end_of(content);
  for (std::size_t begin = begin_of(content); begin < last;) {
    const std::size_t end = std::min(content.find('\n', begin), last);
    std::vector<std::string> fields = fields_of(content, begin, end);
    begin = end + 1;
    if (++line == 1) {
      header = std::move(fields);
      text = column(header, text_column, name);
      label = column(header, label_column, name);
      continue;
    }
    if (fields.size() != header.size()) {
      refuse(name, line,
             "number of fields is " + std::to_string(fields.size()) + ", expected the " +
                 std::to_string(header.size()) + " of the first line: " + join(header));
    }
    if (fields[label].empty()) refuse(name, line, "the label is empty");
    rows.texts.push_back(std::move(fields[text]));
    rows.labels.push_back(std::move(fields[label]));
  }
  if (rows.texts.empty()) throw DataError(name + ": holds no labelled texts below a line that names the columns");
  return rows;
}

}  // namespace sac
