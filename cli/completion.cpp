#include <iostream>
#include <memory>

#include "cli/command.h"
#include "experiments/tables.h"

namespace sac {
namespace {

/// Commands and long flags of `app`, as words.
Strings words_of(const CLI::App& app) {
  Strings words;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; }))
    words.push_back(sub->get_name());
  for (const CLI::App* level = &app; level != nullptr; level = level->get_parent()) {
    for (const CLI::Option* option : level->get_options()) {
      for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
    }
  }
  return words;
}

/// "train) words=...;;" for every command below `app`, by its path.
std::string cases_of(const CLI::App& app, const std::string& path) {
  std::string text;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    const std::string own = path.empty() ? sub->get_name() : path + " " + sub->get_name();
    text += "    \"" + own + "\") words=\"" + join(words_of(*sub), " ") + "\";;\n" + cases_of(*sub, own);
  }
  return text;
}

/// The same function serves bash, and zsh through bashcompinit.
std::string script(const CLI::App& app) {
  Strings keys;
  for (const std::string& key : all_keys()) keys.push_back(key + "=");
  return "_sactool() {\n"
         "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} path= words= each\n"
         "  for each in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do [[ $each == -* ]] && break; path=${path:+$path }$each; "
         "done\n"
         "  while :; do case $path in\n" +
         cases_of(app, "") + "    \"\") words=\"" + join(words_of(app), " ") +
         "\";;\n"
         "    *\" \"*) path=${path% *}; continue;;\n"
         "    *) path=; continue;;\n"
         "  esac; break; done\n"
         "  if [[ $before == --set ]]; then compopt -o nospace 2>/dev/null; words=\"" +
         join(keys, " ") +
         "\"; fi\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
         "  [[ ${#COMPREPLY[@]} -gt 0 ]] || COMPREPLY=($(compgen -f -- \"$word\"))\n"
         "}\n";
}

std::function<ExitCode()> add_completion(CLI::App& sub, const Globals& /*globals*/) {
  const auto shell = std::make_shared<std::string>();
  sub.add_option("shell", *shell, "bash or zsh")->required()->check(CLI::IsMember({"bash", "zsh"}));
  sub.footer("  source <(sactool completion bash)                  in ~/.bashrc, or zsh in ~/.zshrc");
  return [shell, &sub] {
    if (*shell == "zsh") std::cout << "autoload -U +X bashcompinit && bashcompinit\n";
    std::cout << script(*sub.get_parent()) << "complete -o filenames -F _sactool sactool\n";
    return ExitCode::kOk;
  };
}

const Register<CommandEntry> registered{{.name = "completion",
                                         .order = 95,
                                         .summary = "Print a script by which a shell completes sactool",
                                         .add = add_completion}};

}  // namespace
}  // namespace sac
