#include "cli/app.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <string_view>

#include "cli/command.h"
#include "cli/help.h"
#include "cli/output.h"
#include "cli/signals.h"
#include "experiments/build_info.h"
#include "experiments/tables.h"

namespace sac {
namespace {

constexpr const char* kDescription =
    "Write a synchronisation strategy once, run it on a simulated cluster of any size, and compare\n"
    "strategies on accuracy, loss and communication time, with every run in one SQLite file.";

constexpr const char* kExamples =
    "  sactool train --strategy local_sgd --workers 4     train, store the run in sactool.db\n"
    "  sactool train exp.toml --set strategy.period=8     the same from a spec, one key changed\n"
    "  sactool compare                                    strategies side by side\n"
    "  sactool report -o report.html                      curves and tables in one file\n"
    "  sactool strategies                                 what there is, with every option";

bool has_value(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

bool environment_allows_color() {
  if (isatty(STDOUT_FILENO) == 0) return false;
  const char* terminal = std::getenv("TERM");
  return !has_value("NO_COLOR") && !(terminal != nullptr && std::string_view(terminal) == "dumb");
}

std::string version_text() {
  const BuildInfo& build = build_info();
  return "sactool " + build.version + " (" + build.git_commit + ", " + build.build_type + ", " + build.compiler +
         ", LibTorch " + build.libtorch + ")";
}

/// The deepest subcommand that was given.
const CLI::App* chosen(const CLI::App& app) {
  const auto given = app.get_subcommands();
  return given.empty() ? &app : chosen(*given.front());
}

std::string full_name(const CLI::App& app) {
  return app.get_parent() == nullptr ? "sactool" : full_name(*app.get_parent()) + " " + app.get_name();
}

/// Long flags that `app` takes, its parents' included, without their dashes.
Strings flag_names(const CLI::App& app) {
  Strings names;
  for (const CLI::App* level = &app; level != nullptr; level = level->get_parent()) {
    for (const CLI::Option* option : level->get_options()) {
      names.insert(names.end(), option->get_lnames().begin(), option->get_lnames().end());
    }
  }
  return names;
}

Strings command_names(const CLI::App& app) {
  Strings names;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(sub->get_name());
  return names;
}

/// The flag that `word` may have been meant for, or the key of a spec: `--lr` is --set optimizer.lr=VALUE.
std::string flag_meant(const CLI::App& command, const std::string& word) {
  const std::string name = word.substr(std::min(word.find_first_not_of('-'), word.size()));
  const std::string bare = name.substr(0, name.find('='));
  const Strings flags = flag_names(command);
  if (std::find(flags.begin(), flags.end(), "set") != flags.end()) {
    for (const std::string& key : all_keys()) {
      if (key.ends_with("." + bare)) return "--set " + key + "=VALUE";
    }
  }
  const std::string near = nearest(bare, flags);
  return near.empty() ? "" : "--" + near;
}

[[noreturn]] void refuse_unknown(const CLI::App& command, const std::string& word) {
  const std::string see = "; see " + full_name(command) + " --help";
  if (word.starts_with("-") && word.size() > 1) {
    const std::string near = flag_meant(command, word);
    throw UsageError("unknown flag '" + word + "'" + (near.empty() ? "" : "; did you mean '" + near + "'?") + see);
  }
  const Strings names = command_names(command);
  if (!names.empty()) throw UsageError(unknown_name("command", word, names));
  throw UsageError(full_name(command) + " takes no further argument, got '" + word + "'" + see);
}

/// CLI11 reports a missing argument before a misspelt flag, though the latter explains the former.
[[noreturn]] void explain(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* command = chosen(app);
  const auto extras = app.remaining(true);
  if (!extras.empty()) refuse_unknown(*command, extras.front());
  const Strings names = command_names(*command);
  if (!names.empty() && command->get_subcommands().empty()) {
    throw UsageError(full_name(*command) + " needs a command: " + join(names, " | "));
  }
  std::string message = error.what();
  const auto twice = message.find(": At Most 1 required but received");
  if (twice != std::string::npos) message = message.substr(0, twice) + " may be given only once";
  throw UsageError(message + "; see " + full_name(*command) + " --help");
}

/// CLI11 takes `--name=` for `--name` and its value from the next word.
void refuse_empty_values(int argc, const char* const* argv) {
  for (int i = 1; i < argc && std::string_view(argv[i]) != "--"; ++i) {
    const std::string_view word = argv[i];
    if (word.starts_with("--") && word.find('=') == word.size() - 1) {
      throw UsageError(std::string(word) + " gives no value");
    }
  }
}

struct Command {
  CLI::App* sub;
  std::function<ExitCode()> run;
};

std::vector<Command> add_commands(CLI::App& app, const Globals& globals) {
  std::vector<const CommandEntry*> entries;
  for (const auto& [name, entry] : Registry<CommandEntry>::instance().entries()) entries.push_back(&entry);
  std::stable_sort(entries.begin(), entries.end(), [](const auto* a, const auto* b) { return a->order < b->order; });
  std::vector<Command> commands;
  for (const CommandEntry* entry : entries) {
    CLI::App* sub = app.add_subcommand(entry->name, entry->summary);
    sub->fallthrough();
    commands.push_back({sub, entry->add(*sub, globals)});
  }
  return commands;
}

void add_globals(CLI::App& app, Globals& globals) {
  globals.color = environment_allows_color();
  app.add_flag("-q,--quiet", globals.quiet, "No progress, no messages but errors");
  app.add_flag("-v,--verbose", globals.verbosity, "Say more; may be repeated");
  app.add_flag_callback(
      "--no-color", [&globals] { globals.color = false; }, "No colours (also NO_COLOR, TERM=dumb)");
  app.set_version_flag("--version", version_text(), "Print the version and what it was built with");
}

}  // namespace

ExitCode run_app(int argc, const char* const* argv) {
  ignore_closed_pipes();
  CLI::App app(kDescription, "sactool");
  app.formatter(std::make_shared<HelpFormatter>());
  app.footer(kExamples);
  app.require_subcommand(0, 1);
  Globals globals;
  add_globals(app, globals);
  const std::vector<Command> commands = add_commands(app, globals);
  refuse_empty_values(argc, argv);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    const CLI::App* command = chosen(app);
    std::cout << command->help(command == &app ? "" : full_name(*command->get_parent()));
    return finish_output(ExitCode::kOk);
  } catch (const CLI::CallForVersion& version) {
    std::cout << version.what() << '\n';
    return finish_output(ExitCode::kOk);
  } catch (const CLI::ParseError& error) {
    explain(app, error);
  }
  for (const Command& command : commands) {
    if (*command.sub) return finish_output(command.run());
  }
  std::cout << app.help();
  return finish_output(ExitCode::kOk);
}

}  // namespace sac
