#pragma once
#include <string>

#include "experiments/layer.h"
#include "experiments/tables.h"

namespace sac {

/// The names the named tables chose: table -> registry key.
using Choices = std::map<std::string, std::string>;

/// Refuses what no spec may hold and what the chosen entries do not know.
/// @return the key's parts; `choice` is set for a key that counts for one choice only.
/// @throws ConfigError  beginning with the setting's origin and naming the nearest known key.
KeyParts check_key(const Setting& setting, const Choices& choices);

/// @throws ConfigError  no table has this name.
void check_table(const Setting& header);

/// The value of `setting`, converted to the type of its option.
/// @throws ConfigError  wrong type or out of range, beginning with the setting's origin.
Value check_value(const Setting& setting, const OptionSpec& spec, const std::string& key);

/// A run's name: up to 100 letters, digits and "._+=,@-", the first a letter or digit, not digits
/// alone, so that it can name files.
/// @throws ConfigError  beginning with the setting's origin.
std::string check_name(const Setting& setting);

}  // namespace sac
