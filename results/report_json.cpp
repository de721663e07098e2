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

}  // namespace

/// Everything a report knows, for programs: comparison, curves, and the runs, one a line: as text at once, since as
/// objects ten thousand of them take half a gigabyte.
std::string render_json(const Store& store, const ReportData& data) {
  Json json = {{"title", data.title}, {"created", data.created}, {"database", data.database}};
  json["comparison"] = json_comparison(data.comparison);
  json["curves"] = Json::array();
  for (const Curve& curve : data.curves) json["curves"].push_back(json_curve(data, curve));
  std::string text = json_text(json);
  text.resize(text.rfind("\n}"));
  text += ",\n  \"runs\": [";
  const char* separator = "\n    ";
  for (const RunRecord& run : data.comparison.runs) {
    text += separator + json_run_in_full(store, run).dump(-1, ' ', false, Json::error_handler_t::replace);
    separator = ",\n    ";
  }
  return text + "\n  ]\n}\n";
}

}  // namespace sac
