#include <cmath>
#include <optional>

#include "engine/core/value.h"
#include "results/compare_table.h"
#include "results/format.h"
#include "results/report.h"

namespace sac {
namespace {

constexpr double kPercent = 100.0;

/// Text that LaTeX shows as it is, on one line.
std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : printable(text)) {
    switch (c) {
      case '\\': safe += "\\textbackslash{}"; break;
      case '~': safe += "\\textasciitilde{}"; break;
      case '^': safe += "\\textasciicircum{}"; break;
      case '<': safe += "\\textless{}"; break;
      case '>': safe += "\\textgreater{}"; break;
      case '{':
      case '}':
      case '$':
      case '&':
      case '#':
      case '_':
      case '%': safe += '\\'; [[fallthrough]];
      default: safe += c;
    }
  }
  return safe;
}

/// One column of the table: a quantity, its unit, and which end of it is the good one.
struct Column {
  std::string header;
  Summary GroupSummary::*quantity;
  double factor;
  bool highest_is_best;
};

std::vector<Column> columns_of(const Comparison& comparison) {
  const Unit seconds = time_unit(largest_mean(comparison, &GroupSummary::seconds));
  const Unit communication = time_unit(largest_mean(comparison, &GroupSummary::communication_s));
  const Unit bytes = byte_unit(largest_mean(comparison, &GroupSummary::wire_bytes));
  return {{"Accuracy (%)", &GroupSummary::accuracy, kPercent, true},
          {"Loss", &GroupSummary::loss, 1.0, false},
          {"Time (" + seconds.name + ")", &GroupSummary::seconds, seconds.factor, false},
          {"Communication (" + communication.name + ")", &GroupSummary::communication_s, communication.factor, false},
          {"Sent (" + bytes.name + ")", &GroupSummary::wire_bytes, bytes.factor, false}};
}

/// The best mean of a column; nothing where groups are fewer than two.
std::optional<double> best_of(const Comparison& comparison, const Column& column) {
  std::optional<double> best;
  if (comparison.groups.size() < 2) return best;
  for (const GroupSummary& group : comparison.groups) {
    const Summary& summary = group.*column.quantity;
    if (summary.n == 0 || !std::isfinite(summary.mean)) continue;
    const bool better = !best || (column.highest_is_best ? summary.mean > *best : summary.mean < *best);
    if (better) best = summary.mean;
  }
  return best;
}

std::string plus_minus(std::string text) {
  const std::string sign = " ± ";
  if (const auto at = text.find(sign); at != std::string::npos) text.replace(at, sign.size(), " $\\pm$ ");
  return text;
}

std::string cell(const Comparison& comparison, const GroupSummary& group, const Column& column) {
  const Summary& summary = group.*column.quantity;
  const std::string text = plus_minus(mean_text(summary, column.factor, largest_mean(comparison, column.quantity)));
  const bool best = summary.n > 0 && best_of(comparison, column) == summary.mean;
  return best ? "\\textbf{" + text + "}" : text;
}

std::string rows(const Comparison& comparison, const std::vector<Column>& columns) {
  const Unit seconds = time_unit(largest_mean(comparison, &GroupSummary::seconds));
  std::string text;
  for (const GroupSummary& group : comparison.groups) {
    text += escaped(group.group.label) + " & " + std::to_string(group.group.runs.size());
    for (const Column& column : columns) text += " & " + cell(comparison, group, column);
    if (group.target) {
      text += " & " + plus_minus(escaped(target_text(group.target->seconds, *group.target, seconds.factor)));
    }
    text += " \\\\\n";
  }
  return text;
}

/// What a reader must know, as comments: it is the author's to say.
std::string notes_text(const Comparison& comparison) {
  std::string text;
  for (const Note& note : comparison.notes) {
    text += std::string(note.blocking ? "% WARNING: " : "% note: ") + printable(note.text) + "\n";
  }
  return text;
}

}  // namespace

/// A table for \input: needs \usepackage{booktabs}. The best mean of each column is bold.
std::string render_latex(const Store& /*store*/, const ReportData& data) {
  const Comparison& comparison = data.comparison;
  std::vector<Column> columns = columns_of(comparison);
  std::string header = "Strategy & Runs";
  for (const Column& column : columns) header += " & " + escaped(column.header);
  std::string alignment = "lr" + std::string(columns.size(), 'r');
  if (comparison.target) {
    const Unit seconds = time_unit(largest_mean(comparison, &GroupSummary::seconds));
    header += " & " + escaped("Time to " + percent(*comparison.target) + " (" + seconds.name + ")");
    alignment += 'r';
  }
  return "% Made by sactool on " + data.created +
         "; needs \\usepackage{booktabs}.\n\\begin{table}\n\\centering\n\\caption{" + escaped(data.title) + ": " +
         escaped(setting_text(comparison)) +
         "; mean $\\pm$ 95\\,\\% Student-t interval over seeds, best mean in bold.}\n\\begin{tabular}{" + alignment +
         "}\n\\toprule\n" + header + " \\\\\n\\midrule\n" + rows(comparison, columns) +
         "\\bottomrule\n\\end{tabular}\n\\end{table}\n" + notes_text(comparison);
}

}  // namespace sac
