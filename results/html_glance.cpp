#include <algorithm>
#include <cmath>

#include "engine/core/value.h"
#include "results/compare_table.h"
#include "results/format.h"
#include "results/html_sections.h"
#include "results/plot.h"

namespace sac {
namespace {

constexpr double kPercent = 100.0;
constexpr std::size_t kFindings = 6;

/// The group whose `quantity` has the best finite mean; nullptr for none.
const GroupSummary* best_group(const Comparison& comparison, Summary GroupSummary::*quantity, bool highest) {
  const GroupSummary* best = nullptr;
  for (const GroupSummary& group : comparison.groups) {
    const Summary& own = group.*quantity;
    if (own.n == 0 || !std::isfinite(own.mean)) continue;
    const double lead = best == nullptr ? 1.0 : own.mean - (best->*quantity).mean;
    if (best == nullptr || (highest ? lead > 0.0 : lead < 0.0)) best = &group;
  }
  return best;
}

std::string tile(const std::string& question, const GroupSummary* best, Summary GroupSummary::*quantity,
                 const Unit& unit) {
  if (best == nullptr) return "";
  return "<div class=\"tile\"><span>" + question + "</span><b>" + mean_text(best->*quantity, unit.factor) + " <small>" +
         unit.name + "</small></b><em>" + html_escaped(best->group.label) + "</em></div>";
}

std::string tiles(const Comparison& comparison) {
  const auto least = [&](const char* question, Summary GroupSummary::*quantity, Unit (*unit_for)(double)) {
    const GroupSummary* best = best_group(comparison, quantity, false);
    return tile(question, best, quantity, best == nullptr ? Unit{} : unit_for((best->*quantity).mean));
  };
  const bool one = comparison.groups.size() == 1;
  return "<div class=\"tiles\">" +
         tile(one ? "Accuracy" : "Highest accuracy", best_group(comparison, &GroupSummary::accuracy, true),
              &GroupSummary::accuracy, {kPercent, "%"}) +
         least(one ? "Time" : "Least time", &GroupSummary::seconds, time_unit) +
         least(one ? "Communication" : "Least communication", &GroupSummary::communication_s, time_unit) +
         least(one ? "Sent" : "Least sent", &GroupSummary::wire_bytes, byte_unit) + "</div>";
}

std::string amount(double value, const Unit& unit) { return significant(value * unit.factor, 3) + " " + unit.name; }

/// "4.2 s instead of 12.4 s (-66 %)"
std::string instead(const Summary& own, const Summary& base, const Unit& unit) {
  const std::string text = amount(own.mean, unit) + " instead of " + amount(base.mean, unit);
  if (base.mean == 0.0) return text;
  const std::string change = with_sign(fixed(kPercent * (own.mean / base.mean - 1.0), 0));
  return text + " (" + (change == "0" ? "about the same" : change + " %") + ")";
}

std::string accuracy_change(const Effects& effects) {
  if (!effects.accuracy) return "";
  const PairedEffect& effect = *effects.accuracy;
  const std::string points = with_sign(fixed(effect.estimate * kPercent, 2)) + " points of accuracy";
  if (!effect.interval) return "; " + points + " (one seed: no interval)";
  return "; " + points + " (95 % interval " + with_sign(fixed(effect.interval->low * kPercent, 2)) + " to " +
         with_sign(fixed(effect.interval->high * kPercent, 2)) + ", " + std::to_string(effect.n) + " seeds)";
}

std::string findings(const Comparison& comparison) {
  if (comparison.effects.empty()) return "";
  const GroupSummary& base = comparison.groups[comparison.baseline];
  const Unit seconds = time_unit(base.seconds.mean);
  const Unit bytes = byte_unit(base.wire_bytes.mean);
  std::string html =
      "<p class=\"lead\">Against <b>" + html_escaped(base.group.label) + "</b>:</p><ul class=\"findings\">";
  for (std::size_t place = 0; place < std::min(kFindings, comparison.effects.size()); ++place) {
    const Effects& effects = comparison.effects[place];
    const GroupSummary& own = comparison.groups[effects.group];
    html += "<li><b>" + html_escaped(own.group.label) + "</b> takes " + instead(own.seconds, base.seconds, seconds) +
            ", of it " + instead(own.communication_s, base.communication_s, seconds) + " on communication, and sends " +
            instead(own.wire_bytes, base.wire_bytes, bytes) + accuracy_change(effects) + ".</li>";
  }
  return html + "</ul>";
}

std::string notes(const std::vector<Note>& all) {
  std::string html;
  for (const Note& note : all) {
    html += std::string("<p class=\"note") + (note.blocking ? " warn\">Not comparable: " : "\">Note: ") +
            html_escaped(note.text) + "</p>";
  }
  return html;
}

std::string mean_cell(const Summary& summary, double factor) {
  return html_cell(mean_text(summary, factor), summary.n == 0 ? NAN : summary.mean);
}

std::string summary_row(const GroupSummary& group, const Unit& seconds, const Unit& bytes) {
  std::string html = "<tr><th>" + html_escaped(group.group.label) + "</th>" +
                     html_cell(count_text(group), static_cast<double>(group.group.runs.size())) +
                     mean_cell(group.accuracy, kPercent) + mean_cell(group.loss, 1.0);
  for (const Summary* part : {&group.seconds, &group.compute_s, &group.communication_s, &group.hidden_communication_s,
                              &group.waiting_s, &group.idle_s}) {
    html += mean_cell(*part, seconds.factor);
  }
  html += mean_cell(group.wire_bytes, bytes.factor);
  if (group.target) {
    html += html_cell(target_text(group.target->seconds, *group.target, seconds.factor), group.target->seconds.mean);
  }
  return html + "</tr>";
}

std::string summary_table(const Comparison& comparison) {
  const Unit seconds = time_unit(largest_mean(comparison, &GroupSummary::seconds));
  const Unit bytes = byte_unit(largest_mean(comparison, &GroupSummary::wire_bytes));
  const std::string in_seconds = " (" + seconds.name + ")";
  Strings names = {"Strategy",
                   "Runs",
                   "Accuracy (%)",
                   "Loss",
                   "Time" + in_seconds,
                   "Compute" + in_seconds,
                   "Communication" + in_seconds,
                   "Hidden" + in_seconds,
                   "Waiting" + in_seconds,
                   "Idle" + in_seconds,
                   "Sent (" + bytes.name + ")"};
  if (comparison.target)
    names.push_back("Time to " + significant(*comparison.target * kPercent, 4) + " %" + in_seconds);
  std::string html = "<div class=\"scroll\"><table class=\"sortable\"><thead>" + html_header(names) + "</thead><tbody>";
  for (const GroupSummary& group : comparison.groups) html += summary_row(group, seconds, bytes);
  return html + "</tbody></table></div>";
}

}  // namespace

std::string glance_section(const ReportData& data) {
  const Comparison& comparison = data.comparison;
  if (comparison.groups.empty()) return "<section>" + notes(comparison.notes) + "</section>";
  return "<section style=\"margin-top:0\">" + tiles(comparison) + findings(comparison) + notes(comparison.notes) +
         "<p class=\"hint\" style=\"margin-top:22px\">Mean ± 95 % Student-t interval over seeds. Times are means over "
         "workers, bytes sums over them.</p>" +
         summary_table(comparison) + "</section>";
}

}  // namespace sac
