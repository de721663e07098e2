#include "cli/run_json.h"

#include <algorithm>

#include "results/format.h"

namespace sac {
namespace {

Json staleness_json(const std::map<std::int64_t, std::int64_t>& histogram) {
  if (histogram.empty()) return {{"mean", nullptr}, {"max", nullptr}};
  double sum = 0.0;
  double count = 0.0;
  for (const auto& [staleness, updates] : histogram) {
    sum += static_cast<double>(staleness) * static_cast<double>(updates);
    count += static_cast<double>(updates);
  }
  return {{"mean", sum / count}, {"max", histogram.rbegin()->first}};
}

std::string seconds_text(double seconds) {
  const Unit unit = time_unit(seconds);
  return significant(seconds * unit.factor, 4) + " " + unit.name;
}

std::string bytes_text(std::int64_t bytes) {
  const Unit unit = byte_unit(static_cast<double>(bytes));
  return significant(static_cast<double>(bytes) * unit.factor, 4) + " " + unit.name;
}

/// Where the time and the bytes went, two lines.
std::string split_text(const RunOutcome& outcome, const std::string& clock) {
  const WorkerTotals total = totals_of(outcome);
  return "  " + clock + std::string(15 - clock.size(), ' ') + seconds_text(outcome.seconds) + " = compute " +
         seconds_text(total.compute_s) + " + communication " + seconds_text(total.communication_s) + " + waiting " +
         seconds_text(total.waiting_s) + " + idle " + seconds_text(total.idle_s) + "; hidden communication " +
         seconds_text(total.hidden_communication_s) + "\n  traffic        " + bytes_text(total.wire_bytes) +
         " on the wire, " + bytes_text(total.payload_bytes) + " payload, " + grouped(total.messages) + " messages\n";
}

/// "4 stages of 21.0, 30.1, 28.9, 20.0 % of the FLOPs, 8 micro-batches (1f1b); bubble 30.1 %, by the law 27.3 %"
std::string pipeline_text(const PipelineFacts& pipeline, const std::optional<double>& bubble) {
  std::string shares;
  for (const double share : pipeline.flop_shares) shares += (shares.empty() ? "" : ", ") + fixed(share * 100.0, 1);
  std::string text = "  pipeline       " + std::to_string(pipeline.flop_shares.size()) + " stages of " + shares +
                     " % of the FLOPs, " + std::to_string(pipeline.micro_batches) + " micro-batches (" +
                     pipeline.schedule + ")";
  if (bubble) text += "; bubble " + fixed(*bubble * 100.0, 1) + " %";
  return text + (bubble ? ", " : "; bubble ") + "by the law " + fixed(pipeline.bubble_law * 100.0, 1) + " %\n";
}

Json pipeline_json(const PipelineFacts& pipeline, const std::optional<double>& bubble) {
  return {{"stages", pipeline.flop_shares.size()},   {"flop_shares", pipeline.flop_shares},
          {"micro_batches", pipeline.micro_batches}, {"schedule", pipeline.schedule},
          {"bubble", json_number(bubble)},           {"bubble_law", pipeline.bubble_law}};
}

}  // namespace

WorkerTotals totals_of(const RunOutcome& outcome) {
  WorkerTotals total;
  const double share = outcome.workers.empty() ? 0.0 : 1.0 / static_cast<double>(outcome.workers.size());
  for (const WorkerTotals& worker : outcome.workers) {
    total.compute_s += worker.compute_s * share;
    total.communication_s += worker.communication_s * share;
    total.hidden_communication_s += worker.hidden_communication_s * share;
    total.waiting_s += worker.waiting_s * share;
    total.idle_s += worker.idle_s * share;
    total.payload_bytes += worker.payload_bytes;
    total.wire_bytes += worker.wire_bytes;
    total.messages += worker.messages;
  }
  return total;
}

Json run_json(const RunContext& context, std::int64_t run, const std::string& name, const RunOutcome& outcome) {
  const WorkerTotals total = totals_of(outcome);
  Json json{{"run", run},
            {"name", name},
            {"status", status_name(outcome.status)},
            {"key", context.key},
            {"strategy", context.strategy},
            {"workers", context.workers},
            {"seed", context.seed},
            {"steps", outcome.steps}};
  json["params_sha256"] = outcome.params_sha256.empty() ? Json() : Json(outcome.params_sha256);
  json["final"] = {{"accuracy", json_number(outcome.accuracy)},
                   {"loss", json_number(outcome.loss)},
                   {"train_loss", json_number(outcome.train_loss)}};
  json["seconds"] = json_number(outcome.seconds);
  json["wall_seconds"] = json_number(outcome.wall_seconds);
  json["time"] = {{"compute_s", json_number(total.compute_s)},
                  {"communication_s", json_number(total.communication_s)},
                  {"hidden_communication_s", json_number(total.hidden_communication_s)},
                  {"waiting_s", json_number(total.waiting_s)},
                  {"idle_s", json_number(total.idle_s)}};
  json["traffic"] = {
      {"payload_bytes", total.payload_bytes}, {"wire_bytes", total.wire_bytes}, {"messages", total.messages}};
  json["staleness"] = staleness_json(outcome.staleness);
  if (context.pipeline) json["pipeline"] = pipeline_json(*context.pipeline, outcome.bubble);
  return json;
}

std::string run_text(const RunContext& context, std::int64_t run, const std::string& name, const RunOutcome& outcome) {
  std::string status = status_name(outcome.status);
  std::transform(status.begin(), status.end(), status.begin(), ::tolower);
  std::string text = "run " + std::to_string(run) + " '" + name + "' " + status + ": " + context.strategy + ", " +
                     std::to_string(context.workers) + " workers, " + std::to_string(outcome.steps) + " of " +
                     std::to_string(context.steps) + " steps, seed " + std::to_string(context.seed) + "\n";
  if (outcome.accuracy) text += "  accuracy       " + fixed(*outcome.accuracy * 100.0, 2) + " %\n";
  if (outcome.loss) text += "  loss           " + significant(*outcome.loss, 4) + "\n";
  if (outcome.train_loss) text += "  train loss     " + significant(*outcome.train_loss, 4) + "\n";
  text += split_text(outcome, context.fabric == "virtual" ? "virtual time" : "time");
  if (context.pipeline) text += pipeline_text(*context.pipeline, outcome.bubble);
  if (const Json staleness = staleness_json(outcome.staleness); !staleness["mean"].is_null()) {
    text += "  staleness      mean " + significant(staleness["mean"].get<double>(), 3) + ", max " +
            staleness["max"].dump() + "\n";
  }
  return text + "  wall time      " + seconds_text(outcome.wall_seconds) + "\n";
}

std::string forecast_text(const RunContext& context, const RunOutcome& outcome) {
  return "prediction: " + context.strategy + ", " + context.model + " with " + grouped(context.parameters) +
         " parameters, " + std::to_string(context.workers) + " workers x batch " + std::to_string(context.batch_size) +
         ", " + grouped(context.steps) + " steps\n" + split_text(outcome, "time") +
         (context.pipeline ? pipeline_text(*context.pipeline, outcome.bubble) : "");
}

}  // namespace sac
