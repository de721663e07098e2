#pragma once
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <string>

namespace sac {

/// Where runs are kept when `--db` is not given: $SACTOOL_DB where set and non-empty, else `sactool.db` here.
inline std::string default_database() {
  const char* given = std::getenv("SACTOOL_DB");
  return given != nullptr && *given != '\0' ? given : "sactool.db";
}

/// Declares `--db FILE` on `sub`; `target` holds the default until parsed and must outlive `sub`.
inline CLI::Option* add_db_option(CLI::App& sub, std::string& target) {
  target = default_database();
  return sub.add_option("--db", target, "Database of runs [$SACTOOL_DB, else sactool.db]")
      ->type_name("FILE")
      ->check([](const std::string& file) { return std::string(file.empty() ? "the name is empty" : ""); });
}

}  // namespace sac
