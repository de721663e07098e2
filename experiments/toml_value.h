#pragma once
#include <toml++/toml.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "engine/core/value.h"

namespace sac {

/// "exp.toml:3"
std::string at_line(const std::string& source, const toml::source_region& region);

/// Nothing for what no option can hold: dates, tables in lists, mixed lists.
std::optional<Value> node_value(const toml::node& node);

/// The text of a file of at most 1 MiB.  @throws ConfigError  missing, a folder, larger.
std::string read_text(const std::filesystem::path& path);

/// @throws ConfigError  "SOURCE:LINE: " and why it is not TOML.
toml::table parse_document(std::string_view text, const std::string& source);

/// toml++ recurses once a dot of a key: refuses what would exhaust the stack.  @throws ConfigError
void check_nesting(std::string_view text, const std::string& source);

}  // namespace sac
