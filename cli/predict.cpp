#include "experiments/prediction.h"

#include <iostream>
#include <memory>
#include <optional>

#include "cli/command.h"
#include "cli/data_dir_option.h"
#include "cli/db_option.h"
#include "cli/output.h"
#include "cli/run_json.h"
#include "cli/signals.h"
#include "cli/spec_flags.h"
#include "experiments/machine.h"
#include "results/prediction.h"
#include "results/store.h"

namespace sac {
namespace {

constexpr const char* kExamples =
    "  sactool predict exp.toml --profile pair.toml          what exp.toml would take on the calibrated cluster\n"
    "  sactool predict exp.toml --set cluster.network.preset=1gbe --workers 64\n"
    "  sactool predict --profile pair.toml --against 12      run 12's spec predicted, beside what run 12 took\n"
    "\n"
    "A virtual run without its arithmetic, exact in time and bytes; strategies whose course depends on losses or "
    "values\n"
    "are computed in full, which takes as long as training them.";

struct PredictFlags {
  SpecFlags spec;
  std::int64_t slots = usable_cores();
  std::string data_dir;
  std::string database;
  std::string against;
  bool json = false;
};

/// The layers to predict; without SPEC, --against brings the stored run's own spec.
std::vector<Layer> layers_of(const PredictFlags& flags, const std::optional<RunRecord>& measured) {
  if (!measured) return read_layers(flags.spec);
  return read_layers(flags.spec, read_spec_text(measured->spec, "spec of run " + std::to_string(measured->run)));
}

/// The prediction in the form of a stored run.
RunRecord record_of(const Prediction& prediction) {
  const WorkerTotals total = totals_of(prediction.outcome);
  RunRecord record;
  record.seconds = prediction.outcome.seconds;
  record.compute_s = total.compute_s;
  record.communication_s = total.communication_s;
  record.hidden_communication_s = total.hidden_communication_s;
  record.waiting_s = total.waiting_s;
  record.idle_s = total.idle_s;
  record.payload_bytes = total.payload_bytes;
  record.wire_bytes = total.wire_bytes;
  record.messages = total.messages;
  return record;
}

void say_what_differs(const Prediction& prediction, const RunRecord& measured) {
  const Strings keys = different_keys(prediction.context.spec_toml, measured.spec);
  if (keys.empty()) return;
  print_note("run " + std::to_string(measured.run) + " had another spec; it differs in " + join(keys));
}

void say_what_was_computed(const Prediction& prediction) {
  if (!prediction.computed) return;
  print_note("the course of " + prediction.context.strategy +
             " depends on losses or values with these options: predicted with real arithmetic");
}

void print_json(const Prediction& prediction, const std::optional<RunRecord>& measured) {
  Json json = run_json(prediction.context, 0, prediction.context.name, prediction.outcome);
  for (const char* key : {"run", "name", "params_sha256", "final"}) json.erase(key);
  json["arithmetic"] = prediction.computed;
  if (measured) {
    json["against"] = measured->run;
    json["quantities"] = json_quantities(predicted_quantities(record_of(prediction), *measured));
  }
  std::cout << json_text(json);
}

ExitCode run_predict(const PredictFlags& flags, const Globals& globals) {
  std::optional<RunRecord> measured;
  if (!flags.against.empty()) measured = Store::open(flags.database, Store::Mode::kRead).find(flags.against);
  const RunSpec spec = resolve(layers_of(flags, measured));
  const Prediction prediction = predict(spec, {.slots = static_cast<int>(flags.slots),
                                               .data_dir = flags.data_dir,
                                               .argv = command_line(),
                                               .stop = &catch_stop_signals()});
  if (prediction.outcome.status == RunStatus::kKilled) return stop_code();
  if (measured && !globals.quiet) say_what_differs(prediction, *measured);
  if (!globals.quiet) say_what_was_computed(prediction);
  if (flags.json) {
    print_json(prediction, measured);
  } else if (measured) {
    std::cout << prediction_text(predicted_quantities(record_of(prediction), *measured), globals.color);
  } else {
    std::cout << forecast_text(prediction.context, prediction.outcome);
  }
  return ExitCode::kOk;
}

std::function<ExitCode()> add_predict(CLI::App& sub, const Globals& globals) {
  const auto flags = std::make_shared<PredictFlags>();
  sub.footer(kExamples);
  add_spec_options(sub, flags->spec, "What to predict, as TOML");
  add_slots_option(sub, flags->slots);
  add_data_dir_option(sub, flags->data_dir);
  sub.add_option("--against", flags->against, "Stored run to print beside: its number, name or key")
      ->type_name("RUN")
      ->check(empty_name);
  add_db_option(sub, flags->database);
  sub.add_flag("--json", flags->json, "One JSON object on stdout");
  return [flags, &globals] { return run_predict(*flags, globals); };
}

const Register<CommandEntry> registered{
    {.name = "predict",
     .order = 24,
     .summary = "Time and bytes of a spec on a calibrated cluster, without training",
     .add = add_predict}};

}  // namespace
}  // namespace sac
