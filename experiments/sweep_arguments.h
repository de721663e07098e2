#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "experiments/sweep_table.h"

namespace sac {

/// The parameter that "key=[...]" of --set gives, or nothing where it is a plain setting: a list where the key holds no
/// list, or a list of lists. Words in the list need no quotes.  @throws ConfigError  an empty list, not TOML.
std::optional<Parameter> swept_assignment(std::string_view text, const std::string& origin);

/// "3" = seeds 0, 1, 2; "[4, 7]" or "4,7" = these.  @throws ConfigError  none, a negative one, one given twice.
std::vector<Setting> parse_seeds(std::string_view text, const std::string& origin);

}  // namespace sac
