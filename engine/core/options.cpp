#include "engine/core/options.h"

#include <algorithm>
#include <cmath>

#include "engine/core/error.h"

namespace sac {
namespace {

Value converted(const OptionSpec& spec, const Value& given, const std::string& full_name) {
  if (given.index() == spec.fallback.index()) return given;
  const bool wants_number = std::holds_alternative<double>(spec.fallback);
  if (wants_number && std::holds_alternative<std::int64_t>(given)) {
    return static_cast<double>(std::get<std::int64_t>(given));
  }
  if (std::holds_alternative<Ints>(given)) {  // integers stand for numbers; an empty list for any list
    const Ints& ints = std::get<Ints>(given);
    if (std::holds_alternative<Doubles>(spec.fallback)) return Doubles(ints.begin(), ints.end());
    if (std::holds_alternative<Strings>(spec.fallback) && ints.empty()) return Strings{};
  }
  throw ConfigError(full_name + " = " + to_toml(given) + " is " + type_name(given) + "; it must be " +
                    type_name(spec.fallback));
}

void check_number(const OptionSpec& spec, double number, const std::string& full_name) {
  const bool low = spec.min_open ? number <= spec.min : number < spec.min;
  if (std::isnan(number) || low || number > spec.max) {
    const std::string range = range_text(spec);
    throw ConfigError(full_name + " = " + shortest(number) + " is out of range; it must be " +
                      (range.empty() ? "a number" : range));
  }
}

}  // namespace

std::string range_text(const OptionSpec& spec) {
  if (!spec.choices.empty()) return "one of " + join(spec.choices);
  const bool low = std::isfinite(spec.min);
  const bool high = std::isfinite(spec.max);
  if (low && high)
    return std::string("in ") + (spec.min_open ? "(" : "[") + shortest(spec.min) + ", " + shortest(spec.max) + "]";
  if (low) return std::string(spec.min_open ? "> " : ">= ") + shortest(spec.min);
  if (high) return "<= " + shortest(spec.max);
  return "";
}

std::vector<OptionSpec> joined(std::initializer_list<std::vector<OptionSpec>> lists) {
  std::vector<OptionSpec> all;
  for (const std::vector<OptionSpec>& list : lists) all.insert(all.end(), list.begin(), list.end());
  return all;
}

const OptionSpec* meant_option(const std::vector<OptionSpec>& specs, const std::string& name, const Value& value) {
  const auto spec = std::find_if(specs.begin(), specs.end(), [&](const OptionSpec& s) { return s.name == name; });
  if (spec == specs.end()) return nullptr;
  const bool word = !spec->words_for.empty() && std::holds_alternative<std::string>(value);
  return word ? meant_option(specs, spec->words_for, value) : &*spec;
}

Value check_option(const OptionSpec& spec, const Value& given, const std::string& full_name) {
  Value value = converted(spec, given, full_name);
  if (const auto* number = std::get_if<double>(&value)) check_number(spec, *number, full_name);
  if (const auto* integer = std::get_if<std::int64_t>(&value))
    check_number(spec, static_cast<double>(*integer), full_name);
  if (const auto* list = std::get_if<Doubles>(&value)) {
    for (const double number : *list) check_number(spec, number, full_name);
  }
  if (const auto* list = std::get_if<Ints>(&value)) {
    for (const std::int64_t number : *list) check_number(spec, static_cast<double>(number), full_name);
  }
  if (const auto* text = std::get_if<std::string>(&value); text != nullptr && !spec.choices.empty()) {
    if (std::find(spec.choices.begin(), spec.choices.end(), *text) == spec.choices.end()) {
      throw ConfigError(unknown_name(full_name, *text, spec.choices));
    }
  }
  return value;
}

Options::Options(const std::vector<OptionSpec>& specs, const ValueMap& given, const std::string& owner,
                 const std::string& prefix) {
  Strings names;
  for (const OptionSpec& spec : specs) {
    names.push_back(spec.name);
    values_[spec.name] = spec.fallback;
  }
  for (const auto& [name, value] : given) {
    const OptionSpec* spec = meant_option(specs, name, value);
    if (spec == nullptr) {
      if (names.empty()) throw ConfigError("unknown option '" + prefix + name + "': " + owner + " takes no options");
      throw ConfigError(unknown_name("option of " + owner, name, names));
    }
    values_[spec->name] = check_option(*spec, value, prefix + name);
  }
}

template <class T>
const T& Options::get(const std::string& name) const {
  const auto found = values_.find(name);
  if (found == values_.end() || !std::holds_alternative<T>(found->second)) {
    throw std::logic_error("option '" + name + "' was read but never declared with this type");
  }
  return std::get<T>(found->second);
}

bool Options::boolean(const std::string& name) const { return get<bool>(name); }
std::int64_t Options::integer(const std::string& name) const { return get<std::int64_t>(name); }
double Options::number(const std::string& name) const { return get<double>(name); }
const std::string& Options::text(const std::string& name) const { return get<std::string>(name); }
const Ints& Options::integers(const std::string& name) const { return get<Ints>(name); }
const Doubles& Options::numbers(const std::string& name) const { return get<Doubles>(name); }

}  // namespace sac
