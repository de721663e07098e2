#include "engine/core/value.h"

#include <array>
#include <charconv>
#include <cmath>
#include <set>

namespace sac {
namespace {

std::string quoted(const std::string& text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string toml_double(double number) {
  std::string text = shortest(number);
  if (std::isfinite(number) && text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

template <class List>
std::string toml_list(const List& list) {
  std::string out = "[";
  for (const auto& item : list) {
    if (out.size() > 1) out += ", ";
    out += to_toml(Value(item));
  }
  return out + "]";
}

std::string table_of(const std::string& key) {
  const auto dot = key.rfind('.');
  return dot == std::string::npos ? "" : key.substr(0, dot);
}

}  // namespace

std::string shortest(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number > 0 ? "inf" : "-inf";
  std::array<char, 40> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
  return {buffer.data(), result.ptr};
}

std::string type_name(const Value& value) {
  static constexpr std::array<const char*, 7> kNames{"a boolean",        "an integer",         "a number",
                                                     "a string",         "a list of integers", "a list of numbers",
                                                     "a list of strings"};
  return kNames[value.index()];
}

std::string to_toml(const Value& value) {
  struct Visitor {
    std::string operator()(bool v) const { return v ? "true" : "false"; }
    std::string operator()(std::int64_t v) const { return std::to_string(v); }
    std::string operator()(double v) const { return toml_double(v); }
    std::string operator()(const std::string& v) const { return quoted(v); }
    std::string operator()(const Ints& v) const { return toml_list(v); }
    std::string operator()(const Doubles& v) const { return toml_list(v); }
    std::string operator()(const Strings& v) const { return toml_list(v); }
  };
  return std::visit(Visitor{}, value);
}

std::string to_toml(const ValueMap& values) {
  std::set<std::string> tables;
  for (const auto& [key, value] : values) tables.insert(table_of(key));
  std::string out;
  for (const std::string& table : tables) {
    if (!table.empty()) out += (out.empty() ? "[" : "\n[") + table + "]\n";
    for (const auto& [key, value] : values) {
      if (table_of(key) != table) continue;
      out += (table.empty() ? key : key.substr(table.size() + 1)) + " = " + to_toml(value) + "\n";
    }
  }
  return out;
}

}  // namespace sac
