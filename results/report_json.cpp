#include "results/json.h"
#include "results/report.h"

namespace sac {
namespace {

Json json_curve(const ReportData& data, const Curve& curve) {
  Json points = Json::array();
  for (const CurvePoint& point : curve.points) {
    points.push_back({{"step", point.step},
                      {"seconds", json_number(point.seconds)},
                      {"wire_bytes", json_number(point.wire_bytes)},
                      {"mean", point.mean},
                      {"low", point.low},
                      {"high", point.high}});
  }
  return {{"series", curve.series}, {"group", data.comparison.groups[curve.group].group.label}, {"points", points}};
}

/// Adds a list with one entry a line to the text of an object.
template <class Entries, class MakeJson>
void add_lines(std::string& text, const char* name, const Entries& entries, const MakeJson& make_json) {
  text.resize(text.rfind("\n}"));
  text += ",\n  \"" + std::string(name) + "\": [";
  const char* separator = "\n    ";
  for (const auto& entry : entries) {
    text += separator + make_json(entry).dump(-1, ' ', false, Json::error_handler_t::replace);
    separator = ",\n    ";
  }
  text += "\n  ]\n}\n";
}

}  // namespace

/// Everything a report knows, for programs: comparison, runs and curves; these become text one by one, since as
/// objects ten thousand of them take half a gigabyte.
std::string render_json(const Store& store, const ReportData& data) {
  Json json = {{"title", data.title}, {"created", data.created}, {"database", data.database}};
  json["comparison"] = json_comparison(data.comparison);
  std::string text = json_text(json);
  add_lines(text, "runs", data.comparison.runs, [&](const RunRecord& run) { return json_run_in_full(store, run); });
  add_lines(text, "curves", data.curves, [&](const Curve& curve) { return json_curve(data, curve); });
  return text;
}

}  // namespace sac
