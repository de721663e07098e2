#include "results/prediction.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "results/format.h"
#include "results/spec_text.h"
#include "results/text_table.h"

namespace sac {
namespace {

using SpecValues = std::map<std::string, std::string>;

bool is_speed(const std::string& key) {
  return key.starts_with("cluster.network.") || key.starts_with("cluster.compute.");
}

/// What may differ between a real run and its prediction.
bool concerns_cluster_only(const std::string& key) {
  return key == "cluster.fabric" || key == "cluster.timeout_s" || key == "cluster.server.service_s" || is_speed(key);
}

SpecValues part_of(const SpecValues& spec, bool (*wanted)(const std::string&)) {
  SpecValues part;
  for (const auto& [key, value] : spec) {
    if (wanted(key)) part[key] = value;
  }
  return part;
}

SpecValues identity_of(const SpecValues& spec) {
  return part_of(spec, [](const std::string& key) { return !concerns_cluster_only(key); });
}

/// How good a prediction `candidate` is of a run with these speeds: 2 the same, 1 measured ones, 0 others.
int closeness(const SpecValues& candidate, const SpecValues& speeds) {
  if (part_of(candidate, is_speed) == speeds) return 2;
  const auto measured = candidate.find("cluster.network.all_reduce");
  return measured != candidate.end() && measured->second != "[]" ? 1 : 0;
}

std::string quantity_text(const PredictedQuantity& quantity, double value) {
  const double largest = std::max(quantity.predicted, quantity.measured);
  const Unit unit = quantity.bytes ? byte_unit(largest) : time_unit(largest);
  return significant(value * unit.factor, 4) + " " + unit.name;
}

}  // namespace

double PredictedQuantity::ratio() const {
  return measured > 0.0 ? predicted / measured : std::numeric_limits<double>::quiet_NaN();
}

std::vector<PredictedQuantity> predicted_quantities(const RunRecord& predicted, const RunRecord& measured) {
  const auto seconds = [&](const char* name, double RunRecord::*member) {
    return PredictedQuantity{name, false, predicted.*member, measured.*member};
  };
  const auto bytes = [&](const char* name, std::int64_t RunRecord::*member) {
    return PredictedQuantity{name, true, static_cast<double>(predicted.*member), static_cast<double>(measured.*member)};
  };
  return {seconds("time", &RunRecord::seconds),
          seconds("compute", &RunRecord::compute_s),
          seconds("communication", &RunRecord::communication_s),
          seconds("waiting", &RunRecord::waiting_s),
          {"communication + waiting", false, predicted.communication_s + predicted.waiting_s,
           measured.communication_s + measured.waiting_s},
          seconds("hidden communication", &RunRecord::hidden_communication_s),
          seconds("idle", &RunRecord::idle_s),
          bytes("payload", &RunRecord::payload_bytes),
          bytes("wire", &RunRecord::wire_bytes)};
}

std::vector<PredictedRun> predicted_runs(const std::vector<RunRecord>& runs) {
  std::map<SpecValues, std::vector<const RunRecord*>> virtual_runs;
  for (const RunRecord& run : runs) {
    if (run.status != "FINISHED" || run.fabric != "virtual") continue;
    virtual_runs[identity_of(spec_values(run.spec))].push_back(&run);
  }
  std::vector<PredictedRun> found;
  for (const RunRecord& run : runs) {
    if (run.status != "FINISHED" || run.fabric == "virtual") continue;
    const SpecValues spec = spec_values(run.spec);
    const auto candidates = virtual_runs.find(identity_of(spec));
    if (candidates == virtual_runs.end()) continue;
    const SpecValues speeds = part_of(spec, is_speed);
    const auto rank = [&](const RunRecord* candidate) {
      return std::pair(closeness(spec_values(candidate->spec), speeds), candidate->run);
    };
    const RunRecord* best = *std::ranges::max_element(candidates->second, {}, rank);
    found.push_back({.measured = run, .predicted = *best});
  }
  return found;
}

std::vector<std::string> different_keys(std::string_view one_spec, std::string_view other_spec) {
  const SpecValues one = identity_of(spec_values(one_spec));
  const SpecValues other = identity_of(spec_values(other_spec));
  std::set<std::string> keys;
  for (const auto& [key, value] : one) {
    if (!other.contains(key) || other.at(key) != value) keys.insert(key);
  }
  for (const auto& [key, value] : other) {
    if (!one.contains(key)) keys.insert(key);
  }
  return {keys.begin(), keys.end()};
}

std::string ratio_text(double ratio) { return std::isnan(ratio) ? "-" : fixed(ratio, 3); }

std::string prediction_text(const std::vector<PredictedQuantity>& quantities, bool color) {
  TextTable table({"", "predicted", "measured", "predicted / measured"});
  for (const PredictedQuantity& quantity : quantities) {
    if (quantity.predicted == 0.0 && quantity.measured == 0.0) continue;
    table.add({quantity.name, quantity_text(quantity, quantity.predicted), quantity_text(quantity, quantity.measured),
               ratio_text(quantity.ratio())});
  }
  return table.text(color);
}

std::string predictions_text(const std::vector<PredictedRun>& runs, bool color) {
  if (runs.empty()) return "";
  TextTable table({"predicted against measured", "fabric", "predicted by", "time", "communication",
                   "communication + waiting", "sent"});
  table.left(1);
  table.left(2);
  for (const PredictedRun& run : runs) {
    const std::vector<PredictedQuantity> all = predicted_quantities(run.predicted, run.measured);
    table.add({run.measured.name, run.measured.fabric, run.predicted.name, ratio_text(all[0].ratio()),
               ratio_text(all[2].ratio()), ratio_text(all[4].ratio()), ratio_text(all[8].ratio())});
  }
  return "\n" + table.text(color) + "ratios predicted / measured; 1 is a perfect prediction\n";
}

}  // namespace sac
