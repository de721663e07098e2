#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace sac {

/// A configuration value as TOML has it. Lists are homogeneous; an empty list is `Ints{}`.
using Ints = std::vector<std::int64_t>;
using Doubles = std::vector<double>;
using Strings = std::vector<std::string>;
using Value = std::variant<bool, std::int64_t, double, std::string, Ints, Doubles, Strings>;

/// Values by dotted key ("cluster.network.latency_s"), in key order.
using ValueMap = std::map<std::string, Value>;

/// "a boolean", "an integer", "a number", "a string", "a list of integers", ...
std::string type_name(const Value& value);

/// One value as canonical TOML: shortest round-trip doubles with a point or exponent, escaped strings, `inf`, `nan`.
std::string to_toml(const Value& value);

/// A whole document: root keys first, then [tables], each sorted, one key a line, '\n' endings. Equal maps give equal
/// text.
std::string to_toml(const ValueMap& values);

/// Shortest decimal text that reads back as the same double ("0.1", "1e-05", "inf", "nan").
std::string shortest(double number);

}  // namespace sac
