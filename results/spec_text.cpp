#include "results/spec_text.h"

#include <algorithm>
#include <sstream>

namespace sac {

std::map<std::string, std::string> spec_values(std::string_view canonical_toml) {
  std::map<std::string, std::string> values;
  std::istringstream lines{std::string(canonical_toml)};
  std::string table;
  for (std::string line; std::getline(lines, line);) {
    if (line.size() > 2 && line.front() == '[' && line.back() == ']') {
      table = line.substr(1, line.size() - 2) + ".";
      continue;
    }
    const std::size_t equals = line.find(" = ");
    if (equals == std::string::npos) continue;
    std::string value = line.substr(equals + 3);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    values[table + line.substr(0, equals)] = value;
  }
  return values;
}

std::string spec_value(std::string_view canonical_toml, std::string_view table, std::string_view key) {
  const std::string text = "\n" + std::string(canonical_toml);
  const std::size_t head = text.find("\n[" + std::string(table) + "]\n");
  if (head == std::string::npos) return "";
  const std::string start = "\n" + std::string(key) + " = ";
  const std::size_t found = text.find(start, head);
  if (found >= text.find("\n[", head + 1)) return "";
  const std::size_t begin = found + start.size();
  return text.substr(begin, text.find('\n', begin) - begin);
}

std::string short_value(const std::string& value) {
  constexpr std::size_t kLong = 48;
  if (value.size() <= kLong) return value;
  if (value.front() != '[') return value.substr(0, kLong) + "...";
  return "[" + std::to_string(std::count(value.begin(), value.end(), ',') + 1) + " values]";
}

}  // namespace sac
