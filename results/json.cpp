#include "results/json.h"

#include <algorithm>
#include <cmath>

#include "engine/core/value.h"
#include "results/series_summary.h"

namespace sac {
namespace {

Json json_summary(const Summary& summary) {
  return {{"n", summary.n},
          {"mean", summary.n == 0 ? Json() : json_number(summary.mean)},
          {"sd", json_number(summary.sd)},
          {"half_width_95", json_number(summary.half_width)}};
}

Json json_effect(const std::optional<PairedEffect>& effect) {
  if (!effect) return {};
  return {{"pairs", effect->n},
          {"estimate", json_number(effect->estimate)},
          {"low_95", effect->interval ? json_number(effect->interval->low) : Json()},
          {"high_95", effect->interval ? json_number(effect->interval->high) : Json()},
          {"p_holm", json_number(effect->p)},
          {"smallest_p", effect->smallest_p}};
}

Json json_group(const GroupSummary& summary) {
  Json group = {{"label", summary.group.label},
                {"group_key", summary.group.key},
                {"strategy", summary.group.runs.front().strategy},
                {"runs", Json::array()},
                {"seeds", Json::array()}};
  for (const RunRecord& run : summary.group.runs) {
    group["runs"].push_back(run.run);
    group["seeds"].push_back(run.seed);
  }
  group["accuracy"] = json_summary(summary.accuracy);
  group["loss"] = json_summary(summary.loss);
  group["seconds"] = json_summary(summary.seconds);
  group["throughput"] = json_summary(summary.throughput);
  group["compute_s"] = json_summary(summary.compute_s);
  group["communication_s"] = json_summary(summary.communication_s);
  group["hidden_communication_s"] = json_summary(summary.hidden_communication_s);
  group["waiting_s"] = json_summary(summary.waiting_s);
  group["idle_s"] = json_summary(summary.idle_s);
  group["wire_bytes"] = json_summary(summary.wire_bytes);
  if (summary.target) {
    group["target"] = {{"reached", summary.target->reached},
                       {"censored", summary.target->seconds.n - summary.target->reached},
                       {"seconds", json_summary(summary.target->seconds)},
                       {"wire_bytes", json_summary(summary.target->wire_bytes)}};
  }
  return group;
}

Json json_prediction(const PredictedRun& run) {
  Json json = {{"run", run.measured.run}, {"fabric", run.measured.fabric}, {"predicted_by", run.predicted.run}};
  json["quantities"] = json_quantities(predicted_quantities(run.predicted, run.measured));
  return json;
}

}  // namespace

Json json_number(double value) {
  if (std::isfinite(value)) return value;
  return shortest(value);
}

Json json_number(const std::optional<double>& value) { return value ? json_number(*value) : Json(); }

Json json_quantities(const std::vector<PredictedQuantity>& quantities) {
  Json json = Json::object();
  for (const PredictedQuantity& quantity : quantities) {
    std::string key = quantity.name;
    std::replace(key.begin(), key.end(), ' ', '_');
    if (const auto plus = key.find('+'); plus != std::string::npos) key.replace(plus, 1, "and");
    json[key + (quantity.bytes ? "_bytes" : "_s")] = {{"predicted", json_number(quantity.predicted)},
                                                      {"measured", json_number(quantity.measured)},
                                                      {"ratio", json_number(quantity.ratio())}};
  }
  return json;
}

Json json_run(const RunRecord& run) {
  return {{"run", run.run},
          {"name", run.name},
          {"key", run.key},
          {"group_key", run.group_key},
          {"status", run.status},
          {"strategy", run.strategy},
          {"workers", run.workers},
          {"seed", run.seed},
          {"dataset", run.dataset},
          {"model", run.model},
          {"fabric", run.fabric},
          {"batch_size", run.batch_size},
          {"parameters", run.parameters},
          {"steps", run.steps},
          {"planned_steps", run.planned_steps},
          {"accuracy", json_number(run.accuracy)},
          {"loss", json_number(run.loss)},
          {"train_loss", json_number(run.train_loss)},
          {"seconds", json_number(run.seconds)},
          {"wall_seconds", json_number(run.wall_seconds)},
          {"compute_s", json_number(run.compute_s)},
          {"communication_s", json_number(run.communication_s)},
          {"hidden_communication_s", json_number(run.hidden_communication_s)},
          {"waiting_s", json_number(run.waiting_s)},
          {"idle_s", json_number(run.idle_s)},
          {"payload_bytes", run.payload_bytes},
          {"wire_bytes", run.wire_bytes},
          {"messages", run.messages},
          {"staleness_mean", json_number(run.staleness_mean)},
          {"staleness_max", run.staleness_max ? Json(*run.staleness_max) : Json()},
          {"params_sha256", run.params_sha256},
          {"created", run.created},
          {"finished", run.finished},
          {"error", run.error},
          {"checkpoint", run.checkpoint},
          {"checkpoint_step", run.checkpoint_step},
          {"resumable", run.resumable},
          {"host", run.host},
          {"spec", run.spec}};
}

Json json_run_in_full(const Store& store, const RunRecord& run) {
  Json json = json_run(run);
  json["provenance"] = Json::object();
  for (const auto& [name, value] : store.provenance(run.run)) json["provenance"][name] = value;
  json["worker_totals"] = Json::array();
  for (const WorkerTotals& worker : store.workers(run.run)) {
    json["worker_totals"].push_back({{"compute_s", json_number(worker.compute_s)},
                                     {"communication_s", json_number(worker.communication_s)},
                                     {"hidden_communication_s", json_number(worker.hidden_communication_s)},
                                     {"waiting_s", json_number(worker.waiting_s)},
                                     {"idle_s", json_number(worker.idle_s)},
                                     {"payload_bytes", worker.payload_bytes},
                                     {"wire_bytes", worker.wire_bytes},
                                     {"messages", worker.messages}});
  }
  json["staleness"] = Json::array();
  for (const auto& [staleness, updates] : store.staleness(run.run)) {
    json["staleness"].push_back({{"staleness", staleness}, {"updates", updates}});
  }
  return json;
}

Json json_series(const Store& store, const RunRecord& run) {
  Json json = Json::object();
  for (const SeriesSummary& series : series_summaries(store, run.run)) {
    json[series.series] = {{"points", series.points},
                           {"mean", series.mean},
                           {"least", series.least},
                           {"most", series.most},
                           {"last", series.last}};
  }
  return json;
}

Json json_comparison(const Comparison& comparison) {
  Json json = {
      {"baseline", comparison.groups.empty() ? Json() : Json(comparison.groups[comparison.baseline].group.label)},
      {"target_accuracy", json_number(comparison.target)},
      {"groups", Json::array()},
      {"effects", Json::array()},
      {"predictions", Json::array()},
      {"notes", Json::array()}};
  for (const GroupSummary& group : comparison.groups) json["groups"].push_back(json_group(group));
  for (const Effects& effects : comparison.effects) {
    json["effects"].push_back({{"group", comparison.groups[effects.group].group.label},
                               {"accuracy_difference", json_effect(effects.accuracy)},
                               {"seconds_ratio", json_effect(effects.seconds)},
                               {"communication_s_ratio", json_effect(effects.communication_s)},
                               {"wire_bytes_ratio", json_effect(effects.wire_bytes)},
                               {"target_seconds_ratio", json_effect(effects.target_seconds)},
                               {"speed_up", json_effect(effects.speed_up)},
                               {"efficiency", json_effect(effects.efficiency)}});
  }
  for (const PredictedRun& run : comparison.predictions) json["predictions"].push_back(json_prediction(run));
  for (const Note& note : comparison.notes) json["notes"].push_back({{"text", note.text}, {"blocking", note.blocking}});
  return json;
}

std::string json_text(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }

}  // namespace sac
