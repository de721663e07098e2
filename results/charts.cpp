#include "results/charts.h"

#include <algorithm>
#include <set>

#include "engine/core/value.h"
#include "results/axis.h"
#include "results/compare_table.h"
#include "results/format.h"
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
constexpr std::array<SeriesTexts, 8> kSeriesTexts = {
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
  std::string label;
  double factor;
  double (*of)(const CurvePoint&);
};

std::array<AxisChoice, 3> axis_choices(const ReportData& data) {
  const Unit seconds = time_unit(largest_mean(data.comparison, &GroupSummary::seconds));
  const Unit bytes = byte_unit(largest_mean(data.comparison, &GroupSummary::wire_bytes));
  return {{{"steps a worker", 1.0, [](const CurvePoint& point) { return static_cast<double>(point.step); }},
           {"time (" + seconds.name + ")", seconds.factor, [](const CurvePoint& point) { return point.seconds; }},
           {"sent, all workers (" + bytes.name + ")", bytes.factor,
            [](const CurvePoint& point) { return point.wire_bytes; }}}};
}

std::size_t shown_groups(const ReportData& data) { return std::min(kChartGroups, data.comparison.groups.size()); }

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

/// A group's mean in the plane of accuracy and a cost, with its intervals.
Dot mean_dot(const GroupSummary& group, std::size_t place, const Summary& cost, const Unit& unit) {
  Dot dot{group.group.label, place, cost.mean * unit.factor, group.accuracy.mean * kPercent};
  if (cost.half_width) dot.x_half_width = *cost.half_width * unit.factor;
  if (group.accuracy.half_width) dot.y_half_width = *group.accuracy.half_width * kPercent;
  return dot;
}

/// Accuracy against what it costs, `cost` of a group and `of_run` of a run.
template <class OfRun>
Chart pareto_chart(const ReportData& data, const std::string& title, const std::string& axis, const Unit& unit,
                   Summary GroupSummary::*cost, OfRun of_run) {
  ScatterPlot plot;
  plot.title = title;
  plot.x_label = axis + " (" + unit.name + ")";
  plot.y_label = "accuracy (%)";
  plot.front = true;
  std::vector<double> ends;
  for (std::size_t place = 0; place < shown_groups(data); ++place) {
    const GroupSummary& group = data.comparison.groups[place];
    if (group.accuracy.n == 0) continue;
    ends.push_back((group.*cost).mean);
    for (const RunRecord& run : group.group.runs) {
      if (!run.accuracy || group.group.runs.size() == 1) continue;
      Dot dot{run.name, place, of_run(run) * unit.factor, *run.accuracy * kPercent};
      dot.faint = true;
      plot.dots.push_back(dot);
    }
    plot.dots.push_back(mean_dot(group, place, group.*cost, unit));
  }
  plot.log_x = wants_log(ends);
  return {.title = title,
          .hint =
              "large: mean with 95 % intervals; small: single runs; the step joins the means that no other mean "
              "beats in both (Pareto front)",
          .svg = plot.dots.empty() ? "" : scatter_plot(plot),
          .of_groups = true};
}

}  // namespace

std::vector<CurveChart> curve_charts(const ReportData& data) {
  std::vector<CurveChart> charts;
  for (const SeriesTexts& texts : kSeriesTexts) {
    const bool any = std::ranges::any_of(data.curves, [&](const Curve& curve) { return curve.series == texts.series; });
    if (!any) continue;
    CurveChart& chart = charts.emplace_back();
    chart.title = texts.title;
    chart.hint = "mean over seeds; band from the lowest to the highest seed; steep starts are cut off";
    const auto axes = axis_choices(data);
    for (std::size_t axis = 0; axis < axes.size(); ++axis) chart.svgs[axis] = curve_svg(data, texts, axes[axis]);
  }
  return charts;
}

Chart time_split_chart(const ReportData& data) {
  const Unit unit = time_unit(largest_mean(data.comparison, &GroupSummary::seconds));
  StackedPlot plot;
  plot.title = "Time of a worker by strategy";
  plot.x_label = "time (" + unit.name + ")";
  plot.part_names = {"compute", "communication", "waiting", "idle"};
  for (std::size_t place = 0; place < shown_groups(data); ++place) {
    const GroupSummary& group = data.comparison.groups[place];
    std::vector<double> parts;
    for (const Summary* part : {&group.compute_s, &group.communication_s, &group.waiting_s, &group.idle_s}) {
      parts.push_back(part->mean * unit.factor);
    }
    plot.bars.push_back(
        {group.group.label, place, parts, significant(group.seconds.mean * unit.factor, 3) + " " + unit.name});
  }
  return {.title = "Where the time goes",
          .hint = "mean over workers and seeds; communication that hides behind compute is not in it",
          .svg = stacked_plot(plot),
          .parts = plot.part_names};
}

Chart bytes_chart(const ReportData& data) {
  const Unit unit = byte_unit(largest_mean(data.comparison, &GroupSummary::wire_bytes));
  BarPlot plot;
  plot.title = "Bytes sent by strategy";
  plot.x_label = "sent (" + unit.name + ")";
  for (std::size_t place = 0; place < shown_groups(data); ++place) {
    const GroupSummary& group = data.comparison.groups[place];
    Bar bar{group.group.label, place, group.wire_bytes.mean * unit.factor, std::nullopt,
            mean_text(group.wire_bytes, unit.factor) + " " + unit.name};
    if (group.wire_bytes.half_width) bar.half_width = *group.wire_bytes.half_width * unit.factor;
    plot.bars.push_back(bar);
  }
  return {
      .title = "Bytes on the wire", .hint = "sum over workers, mean over seeds, 95 % interval", .svg = bar_plot(plot)};
}

Chart accuracy_time_chart(const ReportData& data) {
  return pareto_chart(data, "Accuracy against time", "time",
                      time_unit(largest_mean(data.comparison, &GroupSummary::seconds)), &GroupSummary::seconds,
                      [](const RunRecord& run) { return run.seconds; });
}

Chart accuracy_bytes_chart(const ReportData& data) {
  return pareto_chart(data, "Accuracy against bytes", "sent, all workers",
                      byte_unit(largest_mean(data.comparison, &GroupSummary::wire_bytes)), &GroupSummary::wire_bytes,
                      [](const RunRecord& run) { return static_cast<double>(run.wire_bytes); });
}

Chart staleness_chart(const ReportData& data) {
  LinePlot plot;
  plot.title = "Staleness of the gradients";
  plot.x_label = "staleness (updates of the model since the worker read it)";
  plot.y_label = "share of updates (%)";
  for (const StalenessCurve& curve : data.staleness) {
    double all = 0.0;
    for (const auto& [staleness, updates] : curve.updates) all += static_cast<double>(updates);
    LineSeries& series = plot.series.emplace_back();
    series.label = data.comparison.groups[curve.group].group.label;
    series.style = curve.group;
    for (std::int64_t staleness = 0; staleness <= curve.updates.rbegin()->first; ++staleness) {
      const auto found = curve.updates.find(staleness);
      const double share = found == curve.updates.end() ? 0.0 : static_cast<double>(found->second) / all * kPercent;
      series.points.push_back({static_cast<double>(staleness), share, share, share});
    }
  }
  return {.title = "How stale gradients are",
          .hint = "all updates of all seeds; 0 = computed at the model that it changes",
          .svg = plot.series.empty() ? "" : line_plot(plot),
          .of_groups = true};
}

}  // namespace sac
