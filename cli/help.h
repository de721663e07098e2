#pragma once
#include <CLI/CLI.hpp>
#include <string>

namespace sac {

/// Help that leads with examples: a command's footer, one indented line each, comes right after its summary.
class HelpFormatter final : public CLI::Formatter {
 public:
  HelpFormatter() { column_width(34); }
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
};

}  // namespace sac
