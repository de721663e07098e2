#include "engine/core/value.h"
#include "results/compare_table.h"
#include "results/format.h"
#include "results/report.h"

namespace sac {
namespace {

constexpr double kPercent = 100.0;

/// Text that Markdown shows as it is, on one line, also inside a table.
std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : printable(text)) {
    if (std::string_view("\\`*_{}[]<>#|~&!").find(c) != std::string_view::npos) safe += '\\';
    safe += c;
  }
  return safe;
}

std::string row(const Strings& cells) {
  std::string line = "|";
  for (const std::string& cell : cells) line += " " + cell + " |";
  return line + "\n";
}

std::string header(const Strings& names) {
  std::string rule = "| :-- |";
  for (std::size_t column = 1; column < names.size(); ++column) rule += " --: |";
  return row(names) + rule + "\n";
}

std::string groups_section(const Comparison& comparison) {
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
                   "Sent (" + bytes.name + ")"};
  if (comparison.target) names.push_back("Time to " + percent(*comparison.target) + in_seconds);
  std::string text = header(names);
  for (const GroupSummary& group : comparison.groups) {
    const auto mean = [&](Summary GroupSummary::*quantity, double factor) {
      return mean_text(group.*quantity, factor, largest_mean(comparison, quantity));
    };
    Strings cells = {escaped(group.group.label),
                     count_text(group),
                     mean(&GroupSummary::accuracy, kPercent),
                     mean(&GroupSummary::loss, 1.0),
                     mean(&GroupSummary::seconds, seconds.factor),
                     mean(&GroupSummary::compute_s, seconds.factor),
                     mean(&GroupSummary::communication_s, seconds.factor),
                     mean(&GroupSummary::waiting_s, seconds.factor),
                     mean(&GroupSummary::wire_bytes, bytes.factor)};
    if (group.target) cells.push_back(target_text(group.target->seconds, *group.target, seconds.factor));
    text += row(cells);
  }
  return text + "\nMean ± 95 % Student-t interval over seeds.\n";
}

std::string effects_section(const Comparison& comparison) {
  if (comparison.effects.empty()) return "";
  std::string text = "\n## Against " + escaped(comparison.groups[comparison.baseline].group.label) + "\n\n" +
                     header({"Strategy", "Accuracy (points)", "Time (ratio)", "Communication (ratio)", "Sent (ratio)"});
  for (const Effects& effect : comparison.effects) {
    text += row({escaped(comparison.groups[effect.group].group.label), effect_text(effect.accuracy, kPercent, true),
                 effect_text(effect.seconds, 1.0, false), effect_text(effect.communication_s, 1.0, false),
                 effect_text(effect.wire_bytes, 1.0, false)});
  }
  return text + "\nPaired by seed, with 95 % intervals.\n";
}

std::string predictions_section(const std::vector<PredictedRun>& runs) {
  if (runs.empty()) return "";
  std::string text =
      "\n## Predicted against measured\n\n" +
      header({"Run", "Fabric", "Predicted by", "Time", "Communication", "Communication + waiting", "Sent"});
  for (const PredictedRun& run : runs) {
    const auto all = predicted_quantities(run.predicted, run.measured);
    text +=
        row({escaped(run.measured.name), run.measured.fabric, escaped(run.predicted.name), ratio_text(all[0].ratio()),
             ratio_text(all[2].ratio()), ratio_text(all[4].ratio()), ratio_text(all[8].ratio())});
  }
  return text + "\nRatios predicted / measured of a real run and the virtual run of the same spec; 1 is perfect.\n";
}

std::string runs_section(const std::vector<RunRecord>& runs) {
  std::string text = "\n## Runs\n\n" + header({"Run", "Status", "Seed", "Steps", "Accuracy (%)", "Loss", "Time (s)"});
  for (const RunRecord& run : runs) {
    text += row({escaped(run.name), run.status, std::to_string(run.seed), std::to_string(run.steps),
                 run.accuracy ? fixed(*run.accuracy * kPercent, 2) : "-", run.loss ? significant(*run.loss, 4) : "-",
                 significant(run.seconds, 4)});
  }
  return text;
}

}  // namespace

/// Tables in Markdown, for an issue or a README.
std::string render_markdown(const Store& /*store*/, const ReportData& data) {
  std::string text = "# " + escaped(data.title) + "\n\n" + escaped(setting_text(data.comparison)) + ".\n\n";
  if (!data.comparison.groups.empty()) text += groups_section(data.comparison);
  text += effects_section(data.comparison);
  for (const Note& note : data.comparison.notes) {
    text += std::string("\n> ") + (note.blocking ? "**Warning:** " : "Note: ") + escaped(note.text) + "\n";
  }
  text += predictions_section(data.comparison.predictions);
  text += runs_section(data.comparison.runs);
  return text + "\nMade by sactool on " + data.created + " from " + escaped(data.database) + ".\n";
}

}  // namespace sac
