#include <algorithm>
#include <map>

#include "engine/core/value.h"
#include "results/charts.h"
#include "results/compare_table.h"
#include "results/format.h"
#include "results/plot.h"
#include "results/winner_map.h"

namespace sac {
namespace {

constexpr std::size_t kTimelineWorkers = 8;

/// A style for each strategy of the comparison, in its order.
std::map<std::string, std::size_t> styles_of(const Comparison& comparison, Strings& names) {
  std::map<std::string, std::size_t> styles;
  for (const GroupSummary& group : comparison.groups) {
    const std::string& name = group.group.runs.front().strategy;
    if (styles.try_emplace(name, names.size()).second) names.push_back(name);
  }
  return styles;
}

std::string place_text(const WinnerMap& map, std::size_t column, std::size_t row) {
  const auto part = [](const std::string& key, const std::string& value) {
    return key.empty() ? std::string() : key.substr(key.rfind('.') + 1) + " " + value_text(key, value);
  };
  const std::string second = part(map.y_key, map.ys[row]);
  return part(map.x_key, map.xs[column]) + (second.empty() ? "" : ", " + second);
}

GridCell grid_cell(const Comparison& comparison, const WinnerMap::Cell& cell,
                   const std::map<std::string, std::size_t>& styles, const std::string& place) {
  if (!cell.winner) return {};
  const GroupSummary& winner = comparison.groups[*cell.winner];
  const Summary time = *winning_time(comparison, winner);
  const Unit unit = time_unit(time.mean);
  GridCell drawn{.style = styles.at(winner.group.runs.front().strategy), .text = "", .tip = "", .faint = !cell.sure};
  drawn.tip = place + ": " + winner.group.label + " " + mean_text(time, unit.factor) + " " + unit.name;
  if (!cell.second) return drawn;
  const GroupSummary& second = comparison.groups[*cell.second];
  const Summary later = *winning_time(comparison, second);
  drawn.text = (cell.sure ? "" : "≈") + significant(cell.lead, 3) + "×";
  drawn.tip += "; next " + second.group.label + " " + mean_text(later, unit.factor) + " " + unit.name +
               (cell.sure ? "" : "; the intervals overlap");
  return drawn;
}

Strings texts_of(const std::string& key, const Strings& values) {
  Strings texts;
  for (const std::string& value : values) texts.push_back(value_text(key, value));
  return texts;
}

TimelineRow row_of(const std::vector<Span>& spans, int rank, double factor) {
  TimelineRow row{.label = std::to_string(rank), .stretches = {}};
  for (const Span& span : spans) {
    if (span.rank != rank || span.kind == Span::Kind::kTransfer) continue;
    row.stretches.push_back({static_cast<std::size_t>(span.kind), span.start * factor, span.end * factor});
  }
  return row;
}

}  // namespace

Chart winner_chart(const ReportData& data) {
  const Comparison& comparison = data.comparison;
  const std::optional<WinnerMap> map = winner_map(comparison);
  if (!map) return {};
  Chart chart;
  const auto styles = styles_of(comparison, chart.styles);
  GridPlot plot{.title = "Winning strategy by " + map->x_key + (map->y_key.empty() ? "" : " and " + map->y_key),
                .x_label = map->x_key,
                .y_label = map->y_key,
                .xs = texts_of(map->x_key, map->xs),
                .ys = texts_of(map->y_key, map->ys),
                .cells = {}};
  for (std::size_t row = 0; row < map->ys.size(); ++row) {
    std::vector<GridCell>& cells = plot.cells.emplace_back();
    for (std::size_t column = 0; column < map->xs.size(); ++column) {
      cells.push_back(grid_cell(comparison, map->cells[row][column], styles, place_text(*map, column, row)));
    }
  }
  chart.title = comparison.target ? "First to " + percent(*comparison.target) + " accuracy" : "Done first";
  chart.hint =
      "the number: how many times longer the best other strategy takes; pale and ≈: their 95 % intervals overlap, or "
      "there is one seed; –: nobody got there with every seed";
  chart.svg = grid_plot(plot);
  return chart;
}

std::vector<Chart> timeline_charts(const ReportData& data) {
  double until = 0.0;
  for (const RunTimeline& timeline : data.timelines) {
    for (const Span& span : timeline.spans) until = std::max(until, span.end);
  }
  const Unit unit = time_unit(until);
  std::vector<Chart> charts;
  for (const RunTimeline& timeline : data.timelines) {
    TimelinePlot plot{.title = "First steps of " + timeline.run,
                      .x_label = "time (" + unit.name + "), by worker",
                      .until = until * unit.factor,
                      .rows = {}};
    const int workers = 1 + timeline.spans.back().rank;
    for (int rank = 0; rank < std::min<int>(workers, kTimelineWorkers); ++rank) {
      plot.rows.push_back(row_of(timeline.spans, rank, unit.factor));
    }
    charts.push_back({.title = data.comparison.groups[timeline.group].group.label,
                      .hint = timeline.run,
                      .svg = timeline_plot(plot),
                      .parts = {"compute", "communication", "waiting"}});
  }
  return charts;
}

}  // namespace sac
