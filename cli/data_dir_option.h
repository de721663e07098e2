#pragma once
#include <CLI/CLI.hpp>
#include <string>

namespace sac {

/// Declares --data-dir.
inline void add_data_dir_option(CLI::App& sub, std::string& folder) {
  sub.add_option("--data-dir", folder, "Folder of data sets, searched first [$SACTOOL_DATA, cache]")
      ->type_name("FOLDER");
}

}  // namespace sac
