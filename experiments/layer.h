#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/value.h"

namespace sac {

/// One key as somebody gave it, not yet checked.
struct Setting {
  std::string key;  ///< dotted: "cluster.network.latency_s"
  Value value;
  std::string origin;  ///< for messages and --dry-run: "exp.toml:3", "SACTOOL_TRAIN__STEPS", "--steps"
};

/// What one source says. Later layers win over earlier ones.
struct Layer {
  std::vector<Setting> settings{};
  std::vector<Setting> tables{};   ///< headers seen, for checking only; their values mean nothing
  std::string sweep{};             ///< where the file has a [sweep]: "exp.toml:9"; "" = nowhere
  std::filesystem::path folder{};  ///< of the file: paths in it begin there; "" = the current one
};

/// Reads a spec: a TOML file of at most 1 MiB that sets at least one key.
/// @throws ConfigError  missing, a folder, too large, not TOML, duplicate keys, a value no option can hold: one line
/// that begins with "FILE:LINE: " ("FILE: " where no line is to blame).
Layer read_spec_file(const std::filesystem::path& path);

/// Reads a spec from text; `source` stands for the file's name.  @throws ConfigError  as above.
Layer read_spec_text(std::string_view text, const std::string& source);

/// ${XDG_CONFIG_HOME:-~/.config}/sactool/config.toml where it exists; it may be empty.  @throws ConfigError  as above.
std::optional<Layer> read_user_file();

/// Variables SACTOOL_TABLE__KEY, case ignored: SACTOOL_TRAIN__STEPS=10 is train.steps = 10. A name without "__" is no
/// setting (SACTOOL_DATA, SACTOOL_DB).
/// @param environment  "NAME=value" strings, ended by a null pointer.
Layer read_environment(const char* const* environment);

/// "key=value" of --set: the value is TOML; what is none (a bare word) is a string.
/// @throws ConfigError  no '=', no key, a number or list that TOML refuses.
Setting parse_assignment(std::string_view text, const std::string& origin);

/// `value` of `key` by the same rules.
Setting parse_setting(const std::string& key, std::string_view value, const std::string& origin);

}  // namespace sac
