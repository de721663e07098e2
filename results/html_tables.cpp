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
constexpr std::size_t kShownRuns = 2000;
constexpr std::size_t kShownSpecs = 40;

std::string p_text(const std::optional<PairedEffect>& effect) {
  return effect && effect->p ? significant(*effect->p, 2) : "-";
}

std::string effect_cell(const std::optional<PairedEffect>& effect, double scale, bool sign) {
  return html_cell(effect_text(effect, scale, sign), effect ? effect->estimate : NAN);
}

std::string p_cell(const std::optional<PairedEffect>& effect) {
  return html_cell(p_text(effect), effect && effect->p ? *effect->p : NAN);
}

std::string maybe_cell(const std::optional<double>& value, double scale, int decimals) {
  if (!value) return html_cell("-", NAN);
  return html_cell(decimals < 0 ? significant(*value, 4) : fixed(*value * scale, decimals), *value);
}

std::string run_row(const RunRecord& run) {
  const bool bad = run.status != "FINISHED" && run.status != "RUNNING" && run.status != "SCHEDULED";
  const double bytes = static_cast<double>(run.wire_bytes);
  const Unit unit = byte_unit(bytes);
  return "<tr>" + html_cell(std::to_string(run.run), static_cast<double>(run.run)) +
         "<td class=\"l name-cell\" title=\"" + html_escaped(run.name) + "\">" + html_escaped(run.name) + "</td>" +
         "<td class=\"l\"><span class=\"status" + (bad ? " bad" : "") + "\">" + run.status + "</span></td>" +
         "<td class=\"l\">" + html_escaped(run.strategy) + "</td>" +
         html_cell(std::to_string(run.workers), static_cast<double>(run.workers)) +
         html_cell(std::to_string(run.seed), static_cast<double>(run.seed)) +
         html_cell(grouped(run.steps), static_cast<double>(run.steps)) + maybe_cell(run.accuracy, kPercent, 2) +
         maybe_cell(run.loss, 1.0, -1) + html_cell(significant(run.seconds, 4), run.seconds) +
         html_cell(significant(run.communication_s, 4), run.communication_s) +
         html_cell(significant(bytes * unit.factor, 4) + " " + unit.name, bytes) +
         maybe_cell(run.staleness_mean, 1.0, 2) + "<td class=\"l wrap\">" + html_escaped(run.error) + "</td></tr>";
}

}  // namespace

std::string html_cell(const std::string& text, double sort_value) {
  const std::string value = std::isnan(sort_value) ? "nan" : shortest(sort_value);
  return "<td data-v=\"" + value + "\">" + html_escaped(text) + "</td>";
}

std::string html_cell(const std::string& text) { return "<td>" + html_escaped(text) + "</td>"; }

std::string html_header(const std::vector<std::string>& names) {
  std::string html = "<tr>";
  for (const std::string& name : names) {
    const bool words = name == "Name" || name == "Status" || name == "Strategy" || name == "Error" ||
                       name == "Predicted by" || name == "Fabric";
    html += std::string("<th scope=\"col\"") + (words ? " class=\"l\">" : ">") + html_escaped(name) + "</th>";
  }
  return html + "</tr>";
}

std::string effects_section(const ReportData& data) {
  const Comparison& comparison = data.comparison;
  if (comparison.effects.empty()) return "";
  std::string html = "<section><h2>Against " + html_escaped(comparison.groups[comparison.baseline].group.label) +
                     "</h2><p class=\"hint\">Pairs share a seed. Ratios below 1 are less than the baseline; 95 % "
                     "intervals; p from the exact sign-flip test, Holm over the strategies. Few seeds cannot give a "
                     "small p: with 3 it is at least 0.25.</p><div class=\"scroll\"><table class=\"sortable\"><thead>";
  html += html_header({"Strategy", "Pairs", "Accuracy (points)", "p", "Time (ratio)", "p", "Communication (ratio)", "p",
                       "Sent (ratio)"});
  html += "</thead><tbody>";
  for (const Effects& effects : comparison.effects) {
    const std::size_t pairs = effects.seconds ? effects.seconds->n : effects.accuracy ? effects.accuracy->n : 0;
    html += "<tr><th>" + html_escaped(comparison.groups[effects.group].group.label) + "</th>" +
            html_cell(std::to_string(pairs), static_cast<double>(pairs)) +
            effect_cell(effects.accuracy, kPercent, true) + p_cell(effects.accuracy) +
            effect_cell(effects.seconds, 1.0, false) + p_cell(effects.seconds) +
            effect_cell(effects.communication_s, 1.0, false) + p_cell(effects.communication_s) +
            effect_cell(effects.wire_bytes, 1.0, false) + "</tr>";
  }
  return html + "</tbody></table></div></section>";
}

std::string runs_section(const ReportData& data) {
  const std::vector<RunRecord>& runs = data.comparison.runs;
  std::string html = "<section><h2>Runs</h2>";
  if (runs.size() > kShownRuns) {
    html += "<p class=\"hint\">The newest " + grouped(kShownRuns) + " of " +
            grouped(static_cast<std::int64_t>(runs.size())) + "; the csv report holds all.</p>";
  }
  html += "<div class=\"scroll\"><table class=\"sortable\"><thead>" +
          html_header({"Run", "Name", "Status", "Strategy", "Workers", "Seed", "Steps", "Accuracy (%)", "Loss",
                       "Time (s)", "Communication (s)", "Sent", "Staleness", "Error"}) +
          "</thead><tbody>";
  for (std::size_t place = runs.size() - std::min(runs.size(), kShownRuns); place < runs.size(); ++place) {
    html += run_row(runs[place]);
  }
  return html + "</tbody></table></div></section>";
}

std::string origin_section(const ReportData& data) {
  std::string html = "<section><h2>Where this comes from</h2>";
  for (std::size_t place = 0; place < std::min(kShownSpecs, data.comparison.groups.size()); ++place) {
    const RunGroup& group = data.comparison.groups[place].group;
    html += "<details><summary>Spec of " + html_escaped(group.label) + "</summary><pre>" +
            html_escaped(group.runs.front().spec) + "</pre></details>";
  }
  html += "<details><summary>Provenance of the newest run</summary><dl>";
  for (const auto& [name, value] : data.provenance) {
    html += "<dt>" + html_escaped(name) + "</dt><dd>" + html_escaped(value) + "</dd>";
  }
  return html + "</dl></details></section>";
}

}  // namespace sac
