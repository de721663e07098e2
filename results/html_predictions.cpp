#include "results/format.h"
#include "results/html_sections.h"
#include "results/plot.h"

namespace sac {
namespace {

std::string ratio_cell(const PredictedQuantity& quantity) {
  return html_cell(ratio_text(quantity.ratio()), quantity.ratio());
}

std::string seconds_cells(const PredictedQuantity& quantity) {
  return html_cell(significant(quantity.predicted, 4), quantity.predicted) +
         html_cell(significant(quantity.measured, 4), quantity.measured) + ratio_cell(quantity);
}

std::string prediction_row(const PredictedRun& run) {
  const auto all = predicted_quantities(run.predicted, run.measured);
  return "<tr><td class=\"l name-cell\">" + html_escaped(run.measured.name) + "</td><td class=\"l\">" +
         html_escaped(run.measured.fabric) + "</td><td class=\"l name-cell\">" + html_escaped(run.predicted.name) +
         "</td>" + seconds_cells(all[0]) + seconds_cells(all[2]) + ratio_cell(all[4]) + ratio_cell(all[8]) + "</tr>";
}

}  // namespace

std::string predictions_section(const ReportData& data) {
  const std::vector<PredictedRun>& runs = data.comparison.predictions;
  if (runs.empty()) return "";
  std::string html =
      "<section><h2>Predicted against measured</h2><p class=\"hint\">Each run on a real fabric beside the virtual run "
      "of "
      "the same spec. Ratios are predicted / measured; 1 is perfect. Seconds are means over workers.</p>"
      "<div class=\"scroll\"><table class=\"sortable\"><thead>" +
      html_header({"Name", "Fabric", "Predicted by", "Time predicted (s)", "measured (s)", "ratio",
                   "Communication predicted (s)", "measured (s)", "ratio", "Communication + waiting ratio",
                   "Sent ratio"}) +
      "</thead><tbody>";
  for (const PredictedRun& run : runs) html += prediction_row(run);
  return html + "</tbody></table></div></section>";
}

}  // namespace sac
