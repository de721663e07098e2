#include "cli/help.h"

namespace sac {

std::string HelpFormatter::make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const {
  if (mode == CLI::AppFormatMode::Sub) return make_expanded(app);
  std::string text = app->get_description() + "\n";
  if (!app->get_footer().empty()) text += "\nExamples:\n" + app->get_footer() + "\n";
  text += "\n" + make_usage(app, std::move(name));
  text += make_positionals(app) + make_groups(app, mode) + make_subcommands(app, mode);
  return text;
}

}  // namespace sac
