#pragma once
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>

#include "engine/core/value.h"

namespace sac {

/// The value of a variable or null; std::getenv is one.
using EnvironmentLookup = std::function<const char*(const char* name)>;

/// Checked reading of environment variables. An empty variable counts as unset.
class Environment {
 public:
  explicit Environment(EnvironmentLookup lookup) : lookup_(std::move(lookup)) {}

  [[nodiscard]] bool has(const char* name) const { return !text(name).empty(); }
  [[nodiscard]] bool has_any(std::initializer_list<const char*> names) const;
  /// "" where unset.
  [[nodiscard]] std::string text(const char* name) const;
  /// The first of `names` that is set, or "".
  [[nodiscard]] std::string first_set(std::initializer_list<const char*> names) const;
  /// @throws ConfigError  set, but no whole number in [min, max].
  [[nodiscard]] std::optional<int> number(const char* name, int min, int max) const;
  /// Those of `names` that are set, as "NAME=value".
  [[nodiscard]] Strings assignments(std::initializer_list<const char*> names) const;

 private:
  EnvironmentLookup lookup_;
};

}  // namespace sac
