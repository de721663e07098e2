#include <iostream>

#include "cli/command.h"
#include "engine/core/value.h"
#include "experiments/build_info.h"

namespace sac {
namespace {

/// Text that roff sets as it is, line by line.
std::string roff(const std::string& text) {
  std::string safe;
  bool line_begins = true;
  for (const char c : text) {
    if (line_begins && (c == '.' || c == '\'')) safe += "\\&";
    if (c == '\\') {
      safe += "\\e";
    } else if (c == '-') {
      safe += "\\-";
    } else {
      safe += c;
    }
    line_begins = c == '\n';
  }
  return safe;
}

/// Lines that keep their breaks and columns.
std::string verbatim(const std::string& text) { return ".nf\n" + roff(text) + "\n.fi\n"; }

std::string option_text(const CLI::Option& option) {
  const bool takes_value = option.get_expected_max() > 0;
  std::string head = "\\fB" + roff(option.get_name(false, true)) + "\\fR";
  if (option.get_positional()) head = "\\fI" + roff(option.get_name(true)) + "\\fR";
  if (takes_value && !option.get_positional()) head += " \\fI" + roff(option.get_type_name()) + "\\fR";
  return ".TP\n" + head + "\n" + roff(option.get_description()) + "\n";
}

std::string options_text(const CLI::App& app) {
  std::string text;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_name(false, true).find("--help") == std::string::npos) text += option_text(*option);
  }
  return text;
}

std::string command_text(const CLI::App& app, const std::string& path) {
  std::string text = ".SS \"sactool " + path + "\"\n" + roff(app.get_description()) + ".\n" + options_text(app);
  if (!app.get_footer().empty()) text += ".P\nExamples:\n" + verbatim(app.get_footer());
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    text += command_text(*sub, path + " " + sub->get_name());
  }
  return text;
}

constexpr const char* kEnd = R"(.SH EXIT STATUS
0 ok; 1 a run failed; 2 wrong usage, spec or data; 3 some runs of a sweep failed; 4 backend or GPU missing;
5 a comparison was refused (\-\-strict, \-\-fail\-if); 75 stopped but resumable; 130, 143 on signals.
.SH ENVIRONMENT
.TP
\fBSACTOOL_DB\fR
the database where \-\-db is not given
.TP
\fBSACTOOL_DATA\fR
folder of data sets
.TP
\fBSACTOOL_TABLE__KEY\fR
a key of the spec: SACTOOL_TRAIN__STEPS=10 is train.steps = 10
.TP
\fBNO_COLOR\fR, \fBTERM\fR=dumb
no colours
.SH FILES
.TP
\fI~/.config/sactool/config.toml\fR
keys for every spec (under $XDG_CONFIG_HOME where that is set)
.TP
\fIsactool.db\fR
runs, an SQLite file with the views v_runs, v_metrics, v_groups and v_sweeps
)";

std::string page(const CLI::App& app) {
  std::string text =
      ".TH SACTOOL 1 \"\" \"sactool " + roff(build_info().version) +
      "\" \"User commands\"\n.SH NAME\nsactool \\- compare synchronisation strategies of data\\-parallel "
      "training\n.SH SYNOPSIS\n\\fBsactool\\fR \\fICOMMAND\\fR [\\fIOPTIONS\\fR]\n.SH DESCRIPTION\n" +
      roff(app.get_description()) + "\n.P\nExamples:\n" + verbatim(app.get_footer()) + ".SH OPTIONS\n" +
      options_text(app) + ".SH COMMANDS\n";
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    text += command_text(*sub, sub->get_name());
  }
  return text + kEnd;
}

std::function<ExitCode()> add_man(CLI::App& sub, const Globals& /*globals*/) {
  sub.footer("  sactool man > ~/.local/share/man/man1/sactool.1    then: man sactool");
  return [&sub] {
    std::cout << page(*sub.get_parent());
    return ExitCode::kOk;
  };
}

const Register<CommandEntry> registered{
    {.name = "man", .order = 96, .summary = "Print the manual page", .add = add_man}};

}  // namespace
}  // namespace sac
