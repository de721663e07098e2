#include "results/compare_table.h"

#include <algorithm>
#include <cmath>

#include "engine/core/error.h"
#include "engine/core/value.h"
#include "results/format.h"
#include "results/text_table.h"

namespace sac {
namespace {

constexpr double kPercent = 100.0;

/// The lowest and the highest accuracy that any curve shows; the other way round where there is none.
std::pair<double, double> curve_range(const Comparison& comparison) {
  double low = INFINITY;
  double high = -INFINITY;
  for (const GroupSummary& group : comparison.groups) {
    if (group.accuracy_curve.size() < 2) continue;  // a point is no curve
    for (const double value : group.accuracy_curve) {
      if (!std::isfinite(value)) continue;
      low = std::min(low, value);
      high = std::max(high, value);
    }
  }
  return {low, high};
}

std::string p_text(const std::optional<PairedEffect>& effect) {
  return effect && effect->p ? significant(*effect->p, 2) : "-";
}

std::string groups_table(const Comparison& comparison, bool color) {
  const Unit seconds = time_unit(largest_mean(comparison, &GroupSummary::seconds));
  const Unit communication = time_unit(largest_mean(comparison, &GroupSummary::communication_s));
  const Unit bytes = byte_unit(largest_mean(comparison, &GroupSummary::wire_bytes));
  Strings header = {"strategy",
                    "runs",
                    "accuracy (%)",
                    "loss",
                    "time (" + seconds.name + ")",
                    "communication (" + communication.name + ")",
                    "sent (" + bytes.name + ")"};
  if (comparison.target) {
    const std::string level = percent(*comparison.target);
    header.push_back("time to " + level + " (" + seconds.name + ")");
    header.push_back("sent to " + level + " (" + bytes.name + ")");
  }
  const auto [lowest, highest] = curve_range(comparison);
  if (lowest < highest) header.emplace_back("accuracy by step");
  TextTable table(header);
  if (lowest < highest) table.left(header.size() - 1);
  for (const GroupSummary& group : comparison.groups) {
    const auto mean = [&](Summary GroupSummary::*quantity, double factor) {
      return mean_text(group.*quantity, factor, largest_mean(comparison, quantity));
    };
    Strings row = {group.group.label,
                   count_text(group),
                   mean(&GroupSummary::accuracy, kPercent),
                   mean(&GroupSummary::loss, 1.0),
                   mean(&GroupSummary::seconds, seconds.factor),
                   mean(&GroupSummary::communication_s, communication.factor),
                   mean(&GroupSummary::wire_bytes, bytes.factor)};
    if (group.target) {
      row.push_back(target_text(group.target->seconds, *group.target, seconds.factor));
      row.push_back(target_text(group.target->wire_bytes, *group.target, bytes.factor));
    }
    if (lowest < highest) row.push_back(sparkline(group.accuracy_curve, lowest, highest));
    table.add(row);
  }
  return table.text(color);
}

/// Where the time went, in shares of it; nothing where no group has any.
std::string split_table(const Comparison& comparison, bool color) {
  TextTable table({"of the time (%)", "compute", "communication", "waiting", "idle", "hidden communication"});
  bool any = false;
  for (const GroupSummary& group : comparison.groups) {
    const double seconds = group.seconds.mean;
    any = any || seconds > 0.0;
    Strings row{group.group.label};
    for (const Summary* part :
         {&group.compute_s, &group.communication_s, &group.waiting_s, &group.idle_s, &group.hidden_communication_s}) {
      row.push_back(seconds > 0.0 ? fixed(part->mean / seconds * kPercent, 1) : "-");
    }
    table.add(row);
  }
  return any ? "\n" + table.text(color) : "";
}

std::string speed_table(const Comparison& comparison, bool color) {
  Strings header{"against " + comparison.groups[comparison.baseline].group.label, "workers", "speed-up", "p",
                 "efficiency"};
  if (comparison.target) header.insert(header.end(), {"time to " + percent(*comparison.target) + " (ratio)", "p"});
  TextTable table(header);
  for (const Effects& effect : comparison.effects) {
    const RunGroup& group = comparison.groups[effect.group].group;
    Strings row{group.label, std::to_string(group.runs.front().workers), effect_text(effect.speed_up, 1.0, false),
                p_text(effect.speed_up), effect_text(effect.efficiency, 1.0, false)};
    if (comparison.target) {
      row.insert(row.end(), {effect_text(effect.target_seconds, 1.0, false), p_text(effect.target_seconds)});
    }
    table.add(row);
  }
  return "\n" + table.text(color) + "speed-up: of samples a second; efficiency: speed-up over the ratio of workers\n";
}

std::string effects_table(const Comparison& comparison, bool color) {
  TextTable table({"against " + comparison.groups[comparison.baseline].group.label, "pairs", "accuracy (points)", "p",
                   "time (ratio)", "p", "communication (ratio)", "sent (ratio)"});
  std::size_t pairs = 0;
  for (const Effects& effect : comparison.effects) {
    const std::size_t own = effect.seconds ? effect.seconds->n : effect.accuracy ? effect.accuracy->n : 0;
    pairs = std::max(pairs, own);
    table.add({comparison.groups[effect.group].group.label, std::to_string(own),
               effect_text(effect.accuracy, kPercent, true), p_text(effect.accuracy),
               effect_text(effect.seconds, 1.0, false), p_text(effect.seconds),
               effect_text(effect.communication_s, 1.0, false), effect_text(effect.wire_bytes, 1.0, false)});
  }
  std::string text = "\n" + table.text(color);
  if (pairs >= 2) {
    text += "p: exact sign-flip test over seeds, Holm over " + std::to_string(comparison.effects.size()) +
            " comparison(s); with " + std::to_string(pairs) + " pairs a single p cannot be below " +
            significant(smallest_sign_flip_p(pairs), 2) + "\n";
  }
  return text;
}

}  // namespace

std::string effect_text(const std::optional<PairedEffect>& effect, double scale, bool sign) {
  if (!effect) return "-";
  const auto number = [sign](double value, int digits) {
    return sign ? with_sign(fixed(value, digits)) : fixed(value, digits);
  };
  const double estimate = effect->estimate * scale;
  const double low = effect->interval ? effect->interval->low * scale : estimate;
  const double high = effect->interval ? effect->interval->high * scale : estimate;
  const double width = high - low;
  if (!(width > 1e-6 * std::abs(estimate))) return sign ? with_sign(fixed(estimate, 2)) : significant(estimate, 3);
  const int digits = std::clamp(1 - static_cast<int>(std::floor(std::log10(width))), sign ? 2 : 0, 6);
  return number(estimate, digits) + " [" + number(low, digits) + ", " + number(high, digits) + "]";
}

std::string target_text(const Summary& when, const TargetSummary& target, double scale) {
  if (target.reached == when.n) return mean_text(when, scale);
  return "> " + significant(when.mean * scale, 3) + ", " + std::to_string(target.reached) + " of " +
         std::to_string(when.n) + " reached";
}

std::string count_text(const GroupSummary& group) {
  const std::size_t n = group.group.runs.size();
  return n == 1 ? "1 (single run)" : std::to_string(n);
}

std::string setting_text(const Comparison& comparison) {
  if (comparison.groups.empty()) return "no finished run";
  const RunRecord& run = comparison.groups.front().group.runs.front();
  return run.dataset + ", " + run.model + ", " + std::to_string(run.workers) + " workers x batch " +
         std::to_string(run.batch_size) + ", " + grouped(run.steps) + " steps, " + run.fabric +
         (run.fabric == "virtual" ? " cluster" : "");
}

double largest_mean(const Comparison& comparison, Summary GroupSummary::*quantity) {
  double largest = 0.0;
  for (const GroupSummary& group : comparison.groups) largest = std::max(largest, (group.*quantity).mean);
  return largest;
}

std::string comparison_text(const Comparison& comparison, bool color) {
  std::string text = printable(setting_text(comparison)) + "; mean ± 95 % Student-t interval over seeds\n\n";
  text += groups_table(comparison, color) + split_table(comparison, color);
  if (!comparison.effects.empty()) text += effects_table(comparison, color) + speed_table(comparison, color);
  text += predictions_text(comparison.predictions, color);
  if (!comparison.notes.empty()) text += "\n";
  for (const Note& note : comparison.notes) {
    text += (note.blocking ? "WARNING: " : "note: ") + printable(note.text) + "\n";
  }
  return text;
}

}  // namespace sac
