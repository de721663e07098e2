#include "engine/fabric/group/environment.h"

#include <algorithm>
#include <charconv>

#include "engine/core/error.h"

namespace sac {

bool Environment::has_any(std::initializer_list<const char*> names) const {
  return std::ranges::any_of(names, [this](const char* name) { return has(name); });
}

std::string Environment::text(const char* name) const {
  const char* value = lookup_(name);
  return value == nullptr ? "" : value;
}

std::string Environment::first_set(std::initializer_list<const char*> names) const {
  for (const char* name : names) {
    if (has(name)) return name;
  }
  return "";
}

std::optional<int> Environment::number(const char* name, int min, int max) const {
  const std::string value = text(name);
  if (value.empty()) return std::nullopt;
  int number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size() || number < min || number > max) {
    throw ConfigError(std::string(name) + "=" + value + " in the environment is no whole number in [" +
                      std::to_string(min) + ", " + std::to_string(max) + "]");
  }
  return number;
}

Strings Environment::assignments(std::initializer_list<const char*> names) const {
  Strings found;
  for (const char* name : names) {
    if (has(name)) found.push_back(std::string(name) + "=" + text(name));
  }
  return found;
}

}  // namespace sac
