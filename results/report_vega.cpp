#include <algorithm>
#include <array>
#include <string_view>

#include "results/json.h"
#include "results/report.h"

namespace sac {
namespace {

Json quantitative(const char* field, const char* title, bool from_zero) {
  return {{"field", field}, {"type", "quantitative"}, {"title", title}, {"scale", {{"zero", from_zero}}}};
}

Json points_of(const ReportData& data) {
  Json points = Json::array();
  for (const Curve& curve : data.curves) {
    const std::string& label = data.comparison.groups[curve.group].group.label;
    for (const CurvePoint& point : curve.points) {
      points.push_back({{"group", label},
                        {"series", curve.series},
                        {"step", point.step},
                        {"seconds", json_number(point.seconds)},
                        {"wire_bytes", json_number(point.wire_bytes)},
                        {"mean", point.mean},
                        {"low", point.low},
                        {"high", point.high}});
    }
  }
  return points;
}

/// One series against time: a line a group, a band from the lowest to the highest seed.
Json chart(const char* series, const char* title) {
  const Json color = {{"field", "group"}, {"type", "nominal"}, {"title", "group"}};
  const Json x = quantitative("seconds", "time (s)", true);
  Json band = {{"mark", {{"type", "area"}, {"opacity", 0.2}}},
               {"encoding",
                {{"x", x}, {"y", quantitative("low", title, false)}, {"y2", {{"field", "high"}}}, {"color", color}}}};
  Json line = {{"mark", {{"type", "line"}, {"tooltip", true}}},
               {"encoding", {{"x", x}, {"y", quantitative("mean", title, false)}, {"color", color}}}};
  return {{"title", title},
          {"width", 480},
          {"height", 260},
          {"transform", Json::array({{{"filter", {{"field", "series"}, {"equal", series}}}}})},
          {"layer", Json::array({band, line})}};
}

/// The charts that have points.
Json charts_of(const ReportData& data) {
  Json charts = Json::array();
  const std::array<std::pair<const char*, const char*>, 8> all{
      {{"accuracy", "test accuracy"},
       {"loss", "test loss"},
       {"train_loss", "training loss"},
       {"drift", "distance from the mean before an average"},
       {"replica_drift", "distance of replicas from their mean"},
       {"period", "steps between averages"},
       {"staleness", "staleness of updates"},
       {"dropped", "gradients dropped so far"}}};
  for (const auto& [series, title] : all) {
    const auto is_series = [name = std::string_view(series)](const Curve& curve) { return curve.series == name; };
    if (std::ranges::any_of(data.curves, is_series)) charts.push_back(chart(series, title));
  }
  return charts;
}

std::string notes_text(const ReportData& data) {
  std::string text;
  for (const Note& note : data.comparison.notes) text += (text.empty() ? "" : "; ") + note.text;
  return text;
}

}  // namespace

/// Curves as a Vega-Lite specification with its data inside.
std::string render_vega(const Store& /*store*/, const ReportData& data) {
  return json_text({{"$schema", "https://vega.github.io/schema/vega-lite/v5.json"},
                    {"title", data.title},
                    {"description", notes_text(data)},
                    {"data", {{"values", points_of(data)}}},
                    {"vconcat", charts_of(data)}});
}

}  // namespace sac
