#pragma once
#include <map>
#include <string>
#include <string_view>

namespace sac {

/// A canonical spec (see to_toml) as values by dotted key, both as text: {"train.steps", "100"}. Strings lose their
/// quotes. Reads only what to_toml writes: tables and one key a line; other lines are left out.
std::map<std::string, std::string> spec_values(std::string_view canonical_toml);

/// The text of one value, without reading all; "" where the spec has no such key.
std::string spec_value(std::string_view canonical_toml, std::string_view table, std::string_view key);

/// A spec's value for a reader: a long list as "[63 values]", other long text cut.
std::string short_value(const std::string& value);

}  // namespace sac
