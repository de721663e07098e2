#include <iomanip>
#include <iostream>
#include <memory>

#include "cli/command.h"
#include "engine/train/strategy.h"
#include "experiments/strategy_laws.h"
#include "results/json.h"

namespace sac {
namespace {

struct StrategiesFlags {
  std::string name;
  bool json = false;
};

Json value_json(const Value& value) {
  return std::visit(
      [](const auto& plain) -> Json {
        if constexpr (std::is_same_v<std::decay_t<decltype(plain)>, double>) {
          return json_number(plain);
        } else {
          return plain;
        }
      },
      value);
}

Json option_json(const OptionSpec& option) {
  return {{"name", option.name},
          {"type", type_name(option.fallback)},
          {"default", value_json(option.fallback)},
          {"range", range_text(option)},
          {"doc", option.doc}};
}

/// What the strategy, with its options at their defaults, does about a worker that dies.
std::string on_death(const StrategyEntry& entry) {
  return on_death_text(entry.make(Options(entry.options, {}, "strategy '" + entry.name + "'"))->traits().on_death);
}

Json strategy_json(const StrategyEntry& entry) {
  Json json{{"name", entry.name},      {"summary", entry.summary}, {"source", entry.source},
            {"rule", entry.rule},      {"cost", entry.cost},       {"when_a_worker_dies", on_death(entry)},
            {"options", Json::array()}};
  for (const OptionSpec& option : entry.options) json["options"].push_back(option_json(option));
  return json;
}

void print_options(const StrategyEntry& entry) {
  if (entry.options.empty()) std::cout << "  options   none\n";
  for (const OptionSpec& option : entry.options) {
    const bool first = &option == &entry.options.front();
    const std::string range = range_text(option);
    std::cout << (first ? "  options   " : "            ") << std::left << std::setw(28)
              << option.name + " = " + to_toml(option.fallback) << " " << option.doc
              << (range.empty() ? "" : " (" + range + ")") << '\n';
  }
}

void print_strategy(const StrategyEntry& entry) {
  std::cout << entry.name << "\n  " << entry.summary << "\n  source    " << entry.source << "\n  rule      "
            << entry.rule << "\n  cost      " << entry.cost << "\n  a death   " << on_death(entry) << '\n';
  print_options(entry);
}

void print_line(const StrategyEntry& entry) {
  std::cout << std::left << std::setw(24) << entry.name << entry.summary << '\n'
            << std::setw(24) << ""
            << "cost: " << entry.cost << '\n';
}

ExitCode list(bool json) {
  Json array = Json::array();
  for (const auto& [name, entry] : Registry<StrategyEntry>::instance().entries()) {
    array.push_back(strategy_json(entry));
    if (!json) print_line(entry);
  }
  if (json) std::cout << json_text(array);
  return ExitCode::kOk;
}

ExitCode show(const StrategiesFlags& flags) {
  const StrategyEntry& entry = Registry<StrategyEntry>::instance().at(flags.name);
  if (flags.json) {
    std::cout << json_text(strategy_json(entry));
  } else {
    print_strategy(entry);
  }
  return ExitCode::kOk;
}

/// Every law of one strategy, as text or into `array`.  @return whether all hold.
bool check_one(const std::string& name, bool json, Json& array) {
  bool all = true;
  for (const LawVerdict& verdict : check_laws(name)) {
    all = all && verdict.holds;
    array.push_back({{"strategy", name}, {"law", verdict.law}, {"holds", verdict.holds}, {"figures", verdict.figures}});
    if (json) continue;
    std::cout << (verdict.holds ? "PASS  " : "FAIL  ") << std::left << std::setw(24) << name << ' ' << std::setw(42)
              << verdict.law << ' ' << verdict.figures << std::endl;
  }
  return all;
}

ExitCode check(const StrategiesFlags& flags) {
  Json array = Json::array();
  bool all = true;
  const Strings names = flags.name.empty() ? Registry<StrategyEntry>::instance().names() : Strings{flags.name};
  for (const std::string& name : names) all = check_one(name, flags.json, array) && all;
  if (flags.json) std::cout << json_text(array);
  return all ? ExitCode::kOk : ExitCode::kRunFailed;
}

std::function<ExitCode()> add_strategies(CLI::App& sub, const Globals& /*globals*/) {
  const auto flags = std::make_shared<StrategiesFlags>();
  sub.footer(
      "  sactool strategies                 all of them: what they do and what they send\n"
      "  sactool strategies show staged     one of them: source, rule, cost, options with defaults and ranges\n"
      "  sactool strategies check staged    runs the laws that apply to it; without a name, all of them");
  sub.require_subcommand(0, 1);
  CLI::App* shower = sub.add_subcommand("show", "One strategy: source, rule, cost, options");
  shower->add_option("name", flags->name, "Strategy")->required()->type_name("NAME");
  CLI::App* checker = sub.add_subcommand("check", "Run the laws of one strategy, or of all");
  checker->add_option("name", flags->name, "Strategy; all if left out")->type_name("NAME");
  for (CLI::App* command : {&sub, shower, checker}) command->add_flag("--json", flags->json, "JSON on stdout");
  return [flags, shower, checker] { return *checker ? check(*flags) : *shower ? show(*flags) : list(flags->json); };
}

const Register<CommandEntry> registered{
    {.name = "strategies", .order = 60, .summary = "List strategies, show and check them", .add = add_strategies}};

}  // namespace
}  // namespace sac
