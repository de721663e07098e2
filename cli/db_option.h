#pragma once
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace sac {

/// Where runs are kept when `--db` is not given: $SACTOOL_DB where set and non-empty, else `sactool.db` here.
inline std::string default_database() {
  const char* given = std::getenv("SACTOOL_DB");
  return given != nullptr && *given != '\0' ? given : "sactool.db";
}

/// What belongs to a database lies beside it: "runs.db" and ".logs" make "/here/runs.logs".
inline std::filesystem::path folder_beside(const std::string& database, const std::string& suffix) {
  std::filesystem::path folder = std::filesystem::absolute(database);
  const std::string extension = folder.extension().string();
  return folder.replace_extension(extension == ".db" ? suffix : extension + suffix);
}

/// Declares `--db FILE` on `sub`; `target` holds the default until parsed and must outlive `sub`.
inline CLI::Option* add_db_option(CLI::App& sub, std::string& target) {
  target = default_database();
  return sub.add_option("--db", target, "Database of runs [$SACTOOL_DB, else sactool.db]")
      ->type_name("FILE")
      ->check([](const std::string& file) { return std::string(file.empty() ? "the name is empty" : ""); });
}

}  // namespace sac
