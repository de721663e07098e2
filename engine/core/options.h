#pragma once
#include <initializer_list>
#include <limits>
#include <string>
#include <vector>

#include "engine/core/value.h"

namespace sac {

/// What one option accepts: its type is its default's. Drives checking, `--help`-like listings and the canonical spec.
struct OptionSpec {
  std::string name;                                       ///< snake_case, e.g. "period"
  Value fallback;                                         ///< default; its type is the option's type
  std::string doc;                                        ///< one line, units included
  double min = -std::numeric_limits<double>::infinity();  ///< numbers, inclusive
  double max = std::numeric_limits<double>::infinity();   ///< numbers, inclusive
  Strings choices{};                                      ///< strings; empty = any
  bool min_open = false;                                  ///< true: the value must exceed `min`
  std::string words_for{};  ///< a string given for this number is meant for that option: `period = "qsr"`
};

/// The largest number below 1: a `max` that leaves 1 out.
inline constexpr double kBelowOne = 1.0 - 0x1.0p-53;

/// All lists in one.
std::vector<OptionSpec> joined(std::initializer_list<std::vector<OptionSpec>> lists);

/// The option that `name = value` is meant for; null for an unknown name.
const OptionSpec* meant_option(const std::vector<OptionSpec>& specs, const std::string& name, const Value& value);

/// "in [0, 1]", ">= 1", "> 0", "one of a, b": the range as a reader wants it; "" when everything goes.
std::string range_text(const OptionSpec& spec);

/// Options checked against their specs, defaults filled in. An integer is taken where a number is asked for.
class Options {
 public:
  Options() = default;
  /// @param owner  for messages: "strategy 'staged'".  @param prefix  key prefix for messages: "strategy.".
  /// @throws ConfigError  unknown name (with the nearest), wrong type, out of range, NaN.
  Options(const std::vector<OptionSpec>& specs, const ValueMap& given, const std::string& owner,
          const std::string& prefix = "");

  [[nodiscard]] bool boolean(const std::string& name) const;
  [[nodiscard]] std::int64_t integer(const std::string& name) const;
  [[nodiscard]] double number(const std::string& name) const;
  [[nodiscard]] const std::string& text(const std::string& name) const;
  [[nodiscard]] const Ints& integers(const std::string& name) const;
  [[nodiscard]] const Doubles& numbers(const std::string& name) const;

  /// Every option with its resolved value, by name.
  [[nodiscard]] const ValueMap& values() const { return values_; }

 private:
  template <class T>
  [[nodiscard]] const T& get(const std::string& name) const;

  ValueMap values_;
};

/// One value against one spec; returns it converted to the spec's type.  @throws ConfigError as above.
Value check_option(const OptionSpec& spec, const Value& given, const std::string& full_name);

}  // namespace sac
