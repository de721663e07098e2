#include "experiments/calibration.h"

#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "cli/command.h"
#include "cli/data_dir_option.h"
#include "cli/output.h"
#include "cli/real_run.h"
#include "cli/spec_flags.h"
#include "experiments/machine.h"
#include "results/atomic_file.h"
#include "results/format.h"
#include "results/json.h"
#include "results/text_table.h"

namespace sac {
namespace {

constexpr const char* kExamples =
    "  sactool calibrate --fabric gloo --workers 2 -o pair.toml     this machine's processes, over Gloo\n"
    "  sactool calibrate exp.toml -o here.toml                      the workers, fabric and model of a spec\n"
    "  sactool calibrate --set model.name=resnet20 --seconds 60     longer, and another model's compute time\n"
    "  sactool predict exp.toml --profile pair.toml                 what exp.toml would take there\n"
    "\n"
    "Measures latency and bandwidth of every exchange over sizes, and the compute time of the spec's model and batch,\n"
    "and writes them as a cluster profile. Without data at hand: --set data.name=blobs --set model.name=mlp.";

struct CalibrateFlags {
  SpecFlags spec;
  std::int64_t slots = usable_cores();
  std::string data_dir;
  std::string output = "profile.toml";
  double seconds = 20.0;
  bool json = false;
};

std::string seconds_text(double seconds) {
  const Unit unit = time_unit(seconds);
  return significant(seconds * unit.factor, 4) + " " + unit.name;
}

std::string bytes_text(double bytes) {
  const Unit unit = byte_unit(bytes);
  return significant(bytes * unit.factor, 4) + " " + unit.name;
}

std::string percent_text(double share) { return significant(share * 100.0, 2) + " %"; }

double algorithm_bandwidth(const SizeCost& size) {
  return size.seconds > 0.0 ? static_cast<double>(size.bytes) / size.seconds : 0.0;
}

std::string curves_text(const Calibration& calibration, bool color) {
  TextTable table({"exchange", "bytes", "time", "after a rest", "algbw", "busbw"});
  for (const ExchangeCurve& curve : calibration.measurement.curves) {
    const double factor = bus_factor(curve.exchange, calibration.measurement.ranks);
    for (const SizeCost& size : curve.sizes) {
      const double bandwidth = algorithm_bandwidth(size);
      table.add({exchange_name(curve.exchange), grouped(size.bytes), seconds_text(size.seconds),
                 seconds_text(size.rested_seconds), bytes_text(bandwidth) + "/s",
                 bytes_text(bandwidth * factor) + "/s"});
    }
  }
  return table.text(color);
}

std::string fit_text(const Calibration& calibration) {
  const NetworkFit& fit = calibration.fit;
  const ComputeTimes& compute = calibration.measurement.compute;
  std::string text = "\nnetwork  " + fit.algorithm + ", latency " + seconds_text(fit.latency_s) + ", bandwidth " +
                     bytes_text(fit.bandwidth_Bps) + "/s\n";
  TextTable errors({"fit's error", "median", "worst"});
  for (const FitError& error : fit.errors) {
    errors.add({exchange_name(error.exchange), percent_text(error.median), percent_text(error.worst)});
  }
  text += errors.text();
  return text + "compute  " + seconds_text(compute.mean_s) + " a step on the mean, deviation of its logarithm " +
         significant(compute.sigma, 3) + ", " + std::to_string(compute.steps) + " steps a worker\n";
}

Json json_calibration(const Calibration& calibration, const std::string& file) {
  const Measurement& measured = calibration.measurement;
  Json json = {{"profile", file}, {"workers", measured.ranks}, {"hosts", measured.hosts}};
  json["compute"] = {{"seconds_per_step", measured.compute.mean_s},
                     {"sigma", measured.compute.sigma},
                     {"speeds", measured.compute.speeds},
                     {"steps", measured.compute.steps}};
  json["network"] = {{"algorithm", calibration.fit.algorithm},
                     {"latency_s", calibration.fit.latency_s},
                     {"bandwidth_Bps", calibration.fit.bandwidth_Bps}};
  json["fit_errors"] = Json::object();
  for (const FitError& error : calibration.fit.errors) {
    json["fit_errors"][exchange_name(error.exchange)] = {{"median", error.median}, {"worst", error.worst}};
  }
  json["exchanges"] = Json::array();
  for (const ExchangeCurve& curve : measured.curves) {
    const double factor = bus_factor(curve.exchange, measured.ranks);
    for (const SizeCost& size : curve.sizes) {
      const double bandwidth = algorithm_bandwidth(size);
      json["exchanges"].push_back({{"exchange", exchange_name(curve.exchange)},
                                   {"bytes", size.bytes},
                                   {"seconds", size.seconds},
                                   {"rested_seconds", size.rested_seconds},
                                   {"algbw_Bps", bandwidth},
                                   {"busbw_Bps", bandwidth * factor}});
    }
  }
  return json;
}

/// @param launch  this process's place among real ranks; nothing = the virtual cluster.
ExitCode calibrate_and_write(const RunSpec& spec, const std::optional<Launch>& launch, const CalibrateFlags& flags,
                             const Globals& globals) {
  const RunSettings settings{
      .slots = static_cast<int>(flags.slots), .data_dir = flags.data_dir, .argv = command_line(), .launch = launch};
  const Calibration calibration = calibrate(spec, settings, flags.seconds);
  if (!calibration.complete()) return ExitCode::kOk;
  write_atomically(flags.output, calibration.toml());
  if (flags.json) {
    std::cout << json_text(json_calibration(calibration, flags.output));
  } else {
    std::cout << curves_text(calibration, globals.color) << fit_text(calibration);
  }
  if (!globals.quiet) print_note("wrote " + flags.output);
  return ExitCode::kOk;
}

ExitCode run_calibrate(const CalibrateFlags& flags, const Globals& globals) {
  std::vector<Layer> layers = read_layers(flags.spec);
  if (!wants_real_ranks(layers)) return calibrate_and_write(resolve(layers), {}, flags, globals);
  const auto as_rank = [&](const RunSpec& spec, const Launch& launch) {
    return calibrate_and_write(spec, launch, flags, globals);
  };
  const auto ended = [](const ProcessId& /*rank0*/, RunStatus /*status*/, const std::string& /*error*/) {};
  return run_on_ranks(std::move(layers), {.local = {.beside = flags.output, .ended = ended}, .as_rank = as_rank},
                      globals);
}

std::function<ExitCode()> add_calibrate(CLI::App& sub, const Globals& globals) {
  const auto flags = std::make_shared<CalibrateFlags>();
  sub.footer(kExamples);
  add_spec_options(sub, flags->spec, "Whose workers, fabric, model and batch to measure [train's defaults]");
  add_slots_option(sub, flags->slots);
  add_data_dir_option(sub, flags->data_dir);
  sub.add_option("-o,--output", flags->output, "Profile to write [profile.toml]")->type_name("FILE")->check(empty_name);
  sub.add_option("--seconds", flags->seconds, "About how long to measure [20]")
      ->type_name("S")
      ->check(CLI::Range(1.0, 3600.0));
  sub.add_flag("--json", flags->json, "One JSON object on stdout");
  return [flags, &globals] { return run_calibrate(*flags, globals); };
}

const Register<CommandEntry> registered{
    {.name = "calibrate", .order = 22, .summary = "Measure a cluster and write its profile", .add = add_calibrate}};

}  // namespace
}  // namespace sac
