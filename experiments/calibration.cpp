#include "experiments/calibration.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "engine/core/error.h"
#include "engine/fabric/calibration/calibrator.h"
#include "engine/train/rehearsal.h"
#include "experiments/build_info.h"
#include "experiments/machine.h"
#include "experiments/profile.h"
#include "experiments/provenance.h"
#include "experiments/tee.h"

namespace sac {
namespace {

/// Seven digits: more than any clock tells, and a written 3e-05 comes back as 3e-05.
double rounded(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.7g", value);
  return std::strtod(text, nullptr);
}

/// The data of a run without its evaluation, which calibration has no use for.
class Unevaluated final : public BatchSource {
 public:
  explicit Unevaluated(std::shared_ptr<const BatchSource> inner) : inner_(std::move(inner)) {}
  [[nodiscard]] std::int64_t train_size() const override { return inner_->train_size(); }
  [[nodiscard]] std::int64_t eval_size() const override { return 1; }
  void train_batch(int member, int members, std::int64_t step, int part, int parts, Batch& batch) const override {
    inner_->train_batch(member, members, step, part, parts, batch);
  }
  void eval_batch(std::int64_t begin, std::int64_t end, Batch& batch) const override {
    inner_->eval_batch(begin, end, batch);
  }

 private:
  std::shared_ptr<const BatchSource> inner_;
};

/// The run of one step that measures; simulated clusters need no arithmetic for it.
PreparedRun measuring_run(const RunSpec& spec, const RunSettings& settings, double seconds, Measurement& result) {
  PreparedRun run = prepare_run(for_measuring(spec), settings);
  if (run.context.fabric == "virtual") run.job = rehearsal(run.job);
  run.job.data = std::make_shared<Unevaluated>(run.job.data);
  run.job.train.steps = 1;
  run.job.train.eval_every = 0;
  run.job.train.checkpoint_every = 0;
  run.job.strategy = [seconds, &result] {
    return std::make_unique<Calibrator>(MeasurePlan{.seconds = seconds}, result);
  };
  return run;
}

Doubles triples_of(const ExchangeCurve& curve) {
  Doubles triples;
  for (const SizeCost& size : curve.sizes) {
    triples.push_back(static_cast<double>(size.bytes));
    triples.push_back(rounded(size.seconds));
    triples.push_back(rounded(size.rested_seconds));
  }
  return triples;
}

double batch_flops(const PreparedRun& run) {
  const Layout& layout = run.job.model->layout();
  return (layout.forward_flops() + layout.backward_flops()) * static_cast<double>(run.job.train.batch_size);
}

/// FLOPs a second rather than seconds a step, so that the profile also serves other models and batches.
void add_compute(const ComputeTimes& times, double flops, ValueMap& cluster) {
  constexpr double kConstant = 1e-6;
  const bool even = std::ranges::all_of(times.speeds, [](double speed) { return std::abs(speed - 1.0) < kConstant; });
  Doubles speeds;
  for (const double speed : times.speeds) speeds.push_back(rounded(speed));
  cluster["cluster.compute.seconds_per_step"] = 0.0;
  cluster["cluster.compute.flops_per_s"] = rounded(flops / times.mean_s);
  cluster["cluster.compute.model"] = std::string(times.sigma < kConstant ? "constant" : "lognormal");
  cluster["cluster.compute.speeds"] = even ? Doubles{} : speeds;
  if (times.sigma >= kConstant) cluster["cluster.compute.sigma"] = rounded(times.sigma);
}

void add_network(const Measurement& measured, const NetworkFit& fit, ValueMap& cluster) {
  cluster["cluster.workers"] = std::int64_t{measured.ranks};
  cluster["cluster.network.latency_s"] = rounded(fit.latency_s);
  cluster["cluster.network.bandwidth_Bps"] = rounded(fit.bandwidth_Bps);
  cluster["cluster.network.algorithm"] = fit.algorithm;
  cluster["cluster.network.workers_per_host"] = std::int64_t{1};
  cluster["cluster.network.measured_workers"] = std::int64_t{measured.ranks};
  for (const ExchangeCurve& curve : measured.curves) {
    cluster[std::string("cluster.network.") + exchange_name(curve.exchange)] = triples_of(curve);
  }
}

ValueMap provenance_of(const PreparedRun& run, const Calibration& calibration, double seconds) {
  const BuildInfo& build = build_info();
  const ComputeTimes& compute = calibration.measurement.compute;
  ValueMap values{{"created", utc_now()},
                  {"hosts", calibration.measurement.hosts},
                  {"cpu", cpu_model()},
                  {"fabric", run.context.fabric},
                  {"sactool", build.version},
                  {"git_commit", build.git_commit},
                  {"libtorch", build.libtorch},
                  {"seconds", seconds},
                  {"rest_steps", calibration.measurement.rest_steps},
                  {"model", run.context.model},
                  {"dataset", run.context.dataset},
                  {"batch_size", run.context.batch_size},
                  {"parameters", run.context.parameters},
                  {"seconds_per_step", rounded(compute.mean_s)},
                  {"steps_measured", compute.steps}};
  for (const FitError& error : calibration.fit.errors) {
    const std::string name = exchange_name(error.exchange);
    values["fit_error_median_" + name] = rounded(error.median);
    values["fit_error_worst_" + name] = rounded(error.worst);
  }
  return values;
}

}  // namespace

std::string Calibration::toml() const {
  return profile_toml(cluster, provenance,
                      "Cluster profile by sactool calibrate; a spec cites it with cluster.profile = \"THIS FILE\"");
}

Calibration calibrate(const RunSpec& spec, const RunSettings& settings, double seconds) {
  if (spec.workers() < 2) {
    throw ConfigError("calibration needs at least 2 workers, got cluster.workers = " + std::to_string(spec.workers()));
  }
  if (spec.replicas() != spec.workers()) {
    throw ConfigError("calibration measures whole models, got cluster.pipeline = " +
                      std::to_string(spec.workers() / spec.replicas()) + "; give 1, its profile serves pipelines, too");
  }
  Calibration calibration;
  const PreparedRun run = measuring_run(spec, settings, seconds, calibration.measurement);
  const double flops = batch_flops(run);
  NoSink sink;
  make_executor(run)->run(run.job, sink);
  if (!calibration.complete()) return calibration;
  calibration.fit = fit_network(calibration.measurement.curves, calibration.measurement.ranks);
  add_network(calibration.measurement, calibration.fit, calibration.cluster);
  add_compute(calibration.measurement.compute, flops, calibration.cluster);
  calibration.provenance = provenance_of(run, calibration, seconds);
  return calibration;
}

}  // namespace sac
