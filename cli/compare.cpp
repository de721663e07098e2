#include "results/compare.h"

#include <iostream>
#include <memory>

#include "cli/command.h"
#include "cli/db_option.h"
#include "results/compare_table.h"
#include "results/gate.h"
#include "results/json.h"

namespace sac {
namespace {

struct CompareFlags {
  std::string database;
  CompareRequest request;
  std::string fail_if;
  bool json = false;
};

/// The gate of --fail-if, after the comparison has been printed.
void check_gate(const Comparison& comparison, const std::string& expression) {
  if (expression.empty()) return;
  const Strings failures = gate_failures(comparison, expression);
  if (!failures.empty()) throw Error(ExitCode::kGate, "--fail-if: " + join(failures, "; "));
}

ExitCode run_compare(const CompareFlags& flags, const Globals& globals) {
  const Store store = Store::open(flags.database, Store::Mode::kRead);
  const Comparison comparison = compare(store, flags.request);
  std::cout << (flags.json ? json_text(json_comparison(comparison)) : comparison_text(comparison, globals.color));
  check_gate(comparison, flags.fail_if);
  return ExitCode::kOk;
}

constexpr const char* kExamples =
    "  sactool compare                                    every group of runs side by side\n"
    "  sactool compare periods --baseline sync_sgd --target 0.85\n"
    "  sactool compare --fail-if 'accuracy_difference < -0.01 or seconds_ratio > 1'";

std::function<ExitCode()> add_compare(CLI::App& sub, const Globals& globals) {
  const auto flags = std::make_shared<CompareFlags>();
  sub.footer(kExamples);
  sub.add_option("run", flags->request.words,
                 "Runs (number, name, key prefix), groups (strategy, label) or sweeps; none = all")
      ->type_name("RUN|GROUP|SWEEP");
  add_db_option(sub, flags->database);
  sub.add_option("--baseline", flags->request.baseline, "Group that the others are held against [the first]")
      ->type_name("GROUP");
  sub.add_option("--target", flags->request.target, "Also show time and bytes to this accuracy, e.g. 0.85")
      ->type_name("ACC");
  sub.add_flag("--strict", flags->request.strict,
               "Refuse (exit 5) when data, model, batch, workers, steps or fabric differ");
  sub.add_option("--fail-if", flags->fail_if,
                 "Exit 5 where a group fulfils it, e.g. 'accuracy < baseline.accuracy - 0.01'")
      ->type_name("EXPR")
      ->check([](const std::string& text) { return std::string(text.empty() ? "the expression is empty" : ""); });
  sub.add_flag("--json", flags->json, "Print one JSON object");
  return [flags, &globals] { return run_compare(*flags, globals); };
}

const Register<CommandEntry> registered{{.name = "compare",
                                         .order = 30,
                                         .summary = "Compare strategies over their seeds: means, intervals, effects",
                                         .add = add_compare}};

}  // namespace
}  // namespace sac
