#include "experiments/toml_value.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "engine/core/error.h"

namespace sac {
namespace {

constexpr std::size_t kMaxBytes = 1 << 20;
constexpr int kMaxDots = 32;

template <class List>
List list_of(const toml::array& array) {
  List list;
  for (const toml::node& item : array) list.push_back(*item.value<typename List::value_type>());
  return list;
}

std::optional<Value> array_value(const toml::array& array) {
  const auto all = [&](auto&& fits) { return std::all_of(array.begin(), array.end(), fits); };
  if (all([](const toml::node& item) { return item.is_integer(); })) return list_of<Ints>(array);
  if (all([](const toml::node& item) { return item.is_number(); })) return list_of<Doubles>(array);
  if (all([](const toml::node& item) { return item.is_string(); })) return list_of<Strings>(array);
  return std::nullopt;
}

}  // namespace

std::string at_line(const std::string& source, const toml::source_region& region) {
  return source + ":" + std::to_string(region.begin.line);
}

std::optional<Value> node_value(const toml::node& node) {
  if (const auto* array = node.as_array()) return array_value(*array);
  if (node.is_boolean()) return *node.value<bool>();
  if (node.is_integer()) return *node.value<std::int64_t>();
  if (node.is_floating_point()) return *node.value<double>();
  if (node.is_string()) return *node.value<std::string>();
  return std::nullopt;
}

void check_nesting(std::string_view text, const std::string& source) {
  int line = 1;
  int dots = 0;
  char before = '\0';
  for (const char c : text) {
    if (c == '.' && before != '.') ++dots;
    if (std::strchr(",=[]#\n", c) != nullptr) dots = 0;
    if (dots > kMaxDots)
      throw ConfigError(source + ":" + std::to_string(line) + ": keys nest too deep (at most 3 tables)");
    if (c == '\n') ++line;
    before = c;
  }
}

std::string read_text(const std::filesystem::path& path) {
  const std::string source = path.string();
  if (std::filesystem::is_directory(path)) throw ConfigError(source + ": is a folder, not a spec");
  std::ifstream file(path, std::ios::binary);
  if (!file) throw ConfigError(source + ": cannot be read: " + std::strerror(errno));
  std::string text(kMaxBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMaxBytes) throw ConfigError(source + ": is larger than 1 MiB, the most a spec may have");
  return text;
}

toml::table parse_document(std::string_view text, const std::string& source) {
  check_nesting(text, source);
  try {
    return toml::parse(text, source);
  } catch (const toml::parse_error& error) {
    throw ConfigError(at_line(source, error.source()) + ": not TOML: " + std::string(error.description()));
  }
}

}  // namespace sac
