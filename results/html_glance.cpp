#include <algorithm>
#include <cmath>

#include "engine/core/value.h"
#include "results/compare_table.h"
#include "results/format.h"
#include "results/html_sections.h"
#include "results/plot.h"
#include "results/winner_map.h"

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

/// The group that reaches the target first with every seed, and what it has sent by then.
std::string target_tile(const Comparison& comparison) {
  const GroupSummary* best = nullptr;
  for (const GroupSummary& group : comparison.groups) {
    const std::optional<Summary> own = comparison.target ? winning_time(comparison, group) : std::nullopt;
    if (own && (best == nullptr || own->mean < winning_time(comparison, *best)->mean)) best = &group;
  }
  if (best == nullptr) return "";
  const Unit seconds = time_unit(best->target->seconds.mean);
  const Unit bytes = byte_unit(best->target->wire_bytes.mean);
  return "<div class=\"tile\"><span>First to " + percent(*comparison.target) + "</span><b>" +
         mean_text(best->target->seconds, seconds.factor) + " <small>" + seconds.name + ", " +
         significant(best->target->wire_bytes.mean * bytes.factor, 3) + " " + bytes.name + " sent</small></b><em>" +
         html_escaped(best->group.label) + "</em></div>";
}

std::string tiles(const Comparison& comparison) {
  const auto least = [&](const char* question, Summary GroupSummary::*quantity, Unit (*unit_for)(double)) {
    const GroupSummary* best = best_group(comparison, quantity, false);
    return tile(question, best, quantity, unit_for(largest_mean(comparison, quantity)));
  };
  const bool one = comparison.groups.size() == 1;
  return "<div class=\"tiles\">" + target_tile(comparison) +
         tile(one ? "Accuracy" : "Highest accuracy", best_group(comparison, &GroupSummary::accuracy, true),
              &GroupSummary::accuracy, {kPercent, "%"}) +
         least(one ? "Time" : "Least time", &GroupSummary::seconds, time_unit) +
         least(one ? "Communication" : "Least communication", &GroupSummary::communication_s, time_unit) +
         least(one ? "Sent" : "Least sent", &GroupSummary::wire_bytes, byte_unit) + "</div>";
}

/// A number as set in print: a true minus.
std::string typeset(std::string number) {
  if (number.front() == '-') number.replace(0, 1, "−");
  return number;
}

std::string signed_points(double share) { return typeset(with_sign(fixed(share * kPercent, 2))); }

std::string amount(double value, const Unit& unit) {
  return significant(value * unit.factor, 3) + "&nbsp;" + unit.name;
}

/// "4.2 s instead of 12.4 s (−66 %)"
std::string instead(const Summary& own, const Summary& base, const Unit& unit) {
  const std::string now = amount(own.mean, unit);
  if (now == amount(base.mean, unit)) return now + " as well";
  const std::string text = now + " instead of " + amount(base.mean, unit);
  if (base.mean == 0.0) return text;
  const std::string change = with_sign(fixed(kPercent * (own.mean / base.mean - 1.0), 0));
  return text + " (" + (change == "0" ? "about the same" : typeset(change) + "&nbsp;%") + ")";
}

std::string accuracy_change(const Effects& effects) {
  if (!effects.accuracy) return "";
  const PairedEffect& effect = *effects.accuracy;
  const std::string points = "; accuracy " + signed_points(effect.estimate) + " points";
  if (!effect.interval) return points + " (one seed: no interval)";
  return points + " (95&nbsp;% interval " + signed_points(effect.interval->low) + " to " +
         signed_points(effect.interval->high) + ", " + std::to_string(effect.n) + " seeds)";
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

/// One quantity of a group, its decimals those of its column.
std::string mean_cell(const Comparison& comparison, const GroupSummary& group, Summary GroupSummary::*quantity,
                      double factor) {
  const Summary& own = group.*quantity;
  return html_cell(mean_text(own, factor, largest_mean(comparison, quantity)), own.n == 0 ? NAN : own.mean);
}

/// The same without the interval, for the parts of the time.
std::string part_cell(const Comparison& comparison, Summary part, double factor) {
  part.half_width.reset();
  return html_cell(mean_text(part, factor, largest_mean(comparison, &GroupSummary::seconds)), part.mean);
}

std::string summary_row(const Comparison& comparison, const GroupSummary& group, const Unit& seconds,
                        const Unit& bytes) {
  const auto mean = [&](Summary GroupSummary::*quantity, double factor) {
    return mean_cell(comparison, group, quantity, factor);
  };
  std::string html = "<tr><th>" + html_escaped(group.group.label) + "</th>" +
                     html_cell(count_text(group), static_cast<double>(group.group.runs.size())) +
                     mean(&GroupSummary::accuracy, kPercent) + mean(&GroupSummary::loss, 1.0) +
                     mean(&GroupSummary::seconds, seconds.factor) +
                     part_cell(comparison, group.compute_s, seconds.factor) +
                     mean(&GroupSummary::communication_s, seconds.factor);
  for (const Summary* part : {&group.waiting_s, &group.idle_s, &group.hidden_communication_s}) {
    html += part_cell(comparison, *part, seconds.factor);
  }
  html += mean(&GroupSummary::wire_bytes, bytes.factor);
  if (group.target) {
    html += html_cell(target_text(group.target->seconds, *group.target, seconds.factor), group.target->seconds.mean);
    html +=
        html_cell(target_text(group.target->wire_bytes, *group.target, bytes.factor), group.target->wire_bytes.mean);
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
                   "Waiting" + in_seconds,
                   "Idle" + in_seconds,
                   "Hidden" + in_seconds,
                   "Sent (" + bytes.name + ")"};
  if (comparison.target) {
    names.push_back("Time to " + percent(*comparison.target) + in_seconds);
    names.push_back("Sent by then (" + bytes.name + ")");
  }
  std::string html = "<div class=\"scroll\"><table class=\"sortable\"><thead>" + html_header(names) + "</thead><tbody>";
  for (const GroupSummary& group : comparison.groups) html += summary_row(comparison, group, seconds, bytes);
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
