#include <algorithm>
#include <array>

#include "results/axis.h"
#include "results/compare_table.h"
#include "results/format.h"
#include "results/html_sections.h"
#include "results/plot.h"

namespace sac {
namespace {

constexpr double kPercent = 100.0;

struct SeriesTexts {
  const char* series;
  const char* title;
  const char* axis;
  double factor;
};
constexpr std::array<SeriesTexts, 8> kCharts = {
    {{"accuracy", "Test accuracy", "accuracy (%)", kPercent},
     {"loss", "Test loss", "loss", 1.0},
     {"train_loss", "Training loss", "loss", 1.0},
     {"drift", "Distance from the mean before an average", "mean |x - mean|", 1.0},
     {"replica_drift", "Distance of replicas from their mean", "mean |x - mean|", 1.0},
     {"period", "Period in force", "steps between averages", 1.0},
     {"staleness", "Staleness of updates", "changes late", 1.0},
     {"dropped", "Gradients dropped or called off so far", "gradients", 1.0}}};

/// What curves can be drawn against.
struct AxisChoice {
  const char* id;
  std::string label;
  double factor;
  double (*of)(const CurvePoint&);
};

std::vector<AxisChoice> axis_choices(const ReportData& data) {
  const Unit seconds = time_unit(largest_mean(data.comparison, &GroupSummary::seconds));
  const Unit bytes = byte_unit(largest_mean(data.comparison, &GroupSummary::wire_bytes));
  return {
      {"step", "steps a worker", 1.0, [](const CurvePoint& point) { return static_cast<double>(point.step); }},
      {"time", "time (" + seconds.name + ")", seconds.factor, [](const CurvePoint& point) { return point.seconds; }},
      {"bytes", "sent, all workers (" + bytes.name + ")", bytes.factor,
       [](const CurvePoint& point) { return point.wire_bytes; }}};
}

std::string curve_svg(const ReportData& data, const SeriesTexts& texts, const AxisChoice& axis) {
  LinePlot plot;
  plot.title = std::string(texts.title) + " against " + axis.label;
  plot.x_label = axis.label;
  plot.y_label = texts.axis;
  std::vector<double> ends;
  for (const Curve& curve : data.curves) {
    if (curve.series != texts.series || curve.group >= kChartGroups) continue;
    LineSeries& series = plot.series.emplace_back();
    series.label = data.comparison.groups[curve.group].group.label;
    series.style = curve.group;
    for (const CurvePoint& point : curve.points) {
      series.points.push_back({axis.of(point) * axis.factor, point.mean * texts.factor, point.low * texts.factor,
                               point.high * texts.factor});
    }
    ends.push_back(series.points.back().x);
  }
  plot.cut_start = true;
  plot.log_x = wants_log(ends);
  return line_plot(plot);
}

std::string curve_figure(const ReportData& data, const SeriesTexts& texts) {
  const bool any = std::ranges::any_of(data.curves, [&](const Curve& curve) { return curve.series == texts.series; });
  if (!any) return "";
  std::string html =
      std::string("<figure><figcaption>") + texts.title +
      "<span>mean over seeds; band from the lowest to the highest seed; steep starts are cut off</span></figcaption>";
  for (const AxisChoice& axis : axis_choices(data)) {
    html += std::string("<div class=\"by-") + axis.id + "\">" + curve_svg(data, texts, axis) + "</div>";
  }
  return html + "</figure>";
}

std::string legend(const ReportData& data) {
  std::string html = "<div class=\"legend\">";
  for (std::size_t place = 0; place < std::min(kChartGroups, data.comparison.groups.size()); ++place) {
    html += "<button class=\"toggle\" type=\"button\" aria-pressed=\"true\" data-series=\"" + std::to_string(place) +
            "\">" + legend_key(place) + html_escaped(data.comparison.groups[place].group.label) + "</button>";
  }
  return html + "</div>";
}

std::string controls(const ReportData& data) {
  std::string inputs;
  std::string labels;
  for (const auto& [id, text] : {std::pair("step", "Steps"), std::pair("time", "Time"), std::pair("bytes", "Bytes")}) {
    const std::string name = std::string("x-") + id;
    inputs += "<input class=\"axis-choice\" type=\"radio\" name=\"x\" id=\"" + name + "\"" +
              (name == "x-step" ? " checked" : "") + ">";
    labels += "<label for=\"" + name + "\">" + text + "</label>";
  }
  return inputs + "<div class=\"bar-controls\"><span class=\"segments\">" + labels + "</span>" + legend(data) +
         "</div>";
}

std::string time_split_figure(const ReportData& data) {
  const Unit unit = time_unit(largest_mean(data.comparison, &GroupSummary::seconds));
  StackedPlot plot;
  plot.title = "Time of a worker by strategy";
  plot.x_label = "time (" + unit.name + ")";
  plot.part_names = {"compute", "communication", "waiting", "idle"};
  for (std::size_t place = 0; place < std::min(kChartGroups, data.comparison.groups.size()); ++place) {
    const GroupSummary& group = data.comparison.groups[place];
    std::vector<double> parts;
    for (const Summary* part : {&group.compute_s, &group.communication_s, &group.waiting_s, &group.idle_s}) {
      parts.push_back(part->mean * unit.factor);
    }
    plot.bars.push_back(
        {group.group.label, place, parts, significant(group.seconds.mean * unit.factor, 3) + " " + unit.name});
  }
  std::string parts = "<div class=\"parts\">";
  for (std::size_t part = 0; part < plot.part_names.size(); ++part) {
    parts += "<span><i class=\"t" + std::to_string(part) + "\"></i>" + plot.part_names[part] + "</span>";
  }
  return "<figure><figcaption>Where the time goes<span>mean over workers and seeds; communication that hides behind "
         "compute is not in it</span></figcaption>" +
         parts + "</div>" + stacked_plot(plot) + "</figure>";
}

std::string bytes_figure(const ReportData& data) {
  const Unit unit = byte_unit(largest_mean(data.comparison, &GroupSummary::wire_bytes));
  BarPlot plot;
  plot.title = "Bytes sent by strategy";
  plot.x_label = "sent (" + unit.name + ")";
  for (std::size_t place = 0; place < std::min(kChartGroups, data.comparison.groups.size()); ++place) {
    const GroupSummary& group = data.comparison.groups[place];
    Bar bar{group.group.label, place, group.wire_bytes.mean * unit.factor, std::nullopt,
            mean_text(group.wire_bytes, unit.factor) + " " + unit.name};
    if (group.wire_bytes.half_width) bar.half_width = *group.wire_bytes.half_width * unit.factor;
    plot.bars.push_back(bar);
  }
  return "<figure><figcaption>Bytes on the wire<span>sum over workers, mean over seeds, 95 % interval</span>"
         "</figcaption>" +
         bar_plot(plot) + "</figure>";
}

std::string staleness_figure(const ReportData& data) {
  LinePlot plot;
  plot.title = "Staleness of the server's updates";
  plot.x_label = "changes late";
  plot.y_label = "share of the updates (%)";
  for (const StalenessShares& group : data.staleness) {
    if (group.group >= kChartGroups) continue;
    LineSeries& series = plot.series.emplace_back();
    series.label = data.comparison.groups[group.group].group.label;
    series.style = group.group;
    for (const auto& [staleness, share] : group.shares) {
      const double percent = share * kPercent;
      series.points.push_back({static_cast<double>(staleness), percent, percent, percent});
    }
  }
  if (plot.series.empty()) return "";
  return "<figure><figcaption>Staleness of the server's updates<span>over all seeds</span></figcaption>" +
         legend(data) + line_plot(plot) + "</figure>";
}

Dot mean_dot(const GroupSummary& group, std::size_t place, const Unit& unit) {
  Dot dot{group.group.label, place, group.seconds.mean * unit.factor, group.accuracy.mean * kPercent};
  if (group.seconds.half_width) dot.x_half_width = *group.seconds.half_width * unit.factor;
  if (group.accuracy.half_width) dot.y_half_width = *group.accuracy.half_width * kPercent;
  return dot;
}

std::string scatter_figure(const ReportData& data) {
  const Unit unit = time_unit(largest_mean(data.comparison, &GroupSummary::seconds));
  ScatterPlot plot;
  plot.title = "Accuracy against time";
  plot.x_label = "time (" + unit.name + ")";
  plot.y_label = "accuracy (%)";
  std::vector<double> ends;
  for (std::size_t place = 0; place < std::min(kChartGroups, data.comparison.groups.size()); ++place) {
    const GroupSummary& group = data.comparison.groups[place];
    if (group.accuracy.n == 0) continue;
    ends.push_back(group.seconds.mean);
    for (const RunRecord& run : group.group.runs) {
      if (!run.accuracy || group.group.runs.size() == 1) continue;
      Dot dot{run.name, place, run.seconds * unit.factor, *run.accuracy * kPercent};
      dot.faint = true;
      plot.dots.push_back(dot);
    }
    plot.dots.push_back(mean_dot(group, place, unit));
  }
  plot.log_x = wants_log(ends);
  if (plot.dots.empty()) return "";
  return "<figure><figcaption>Accuracy against time<span>large: mean with 95 % intervals; small: single runs</span>"
         "</figcaption>" +
         legend(data) + scatter_plot(plot) + "</figure>";
}

}  // namespace

std::string curves_section(const ReportData& data) {
  if (data.curves.empty()) return "";
  std::string figures;
  for (const SeriesTexts& texts : kCharts) figures += curve_figure(data, texts);
  return "<section><h2>Learning curves</h2>" + controls(data) + "<div class=\"grid\">" + figures + "</div></section>";
}

std::string costs_section(const ReportData& data) {
  if (data.comparison.groups.empty()) return "";
  std::string hint;
  if (data.comparison.groups.size() > kChartGroups) {
    hint = "<p class=\"hint\">Charts show the first " + std::to_string(kChartGroups) + " of " +
           std::to_string(data.comparison.groups.size()) + " groups; the tables show all.</p>";
  }
  return "<section><h2>What it costs</h2>" + hint + "<div class=\"grid\">" + time_split_figure(data) +
         bytes_figure(data) + scatter_figure(data) + staleness_figure(data) + "</div></section>";
}

}  // namespace sac
