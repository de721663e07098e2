#include "results/json.h"
#include "results/report.h"

namespace sac {

/// Everything a report knows, for programs: comparison, runs, curves.
std::string render_json(const Store& store, const ReportData& data) {
  Json json = {{"title", data.title}, {"created", data.created}, {"database", data.database}};
  json["comparison"] = json_comparison(data.comparison);
  json["runs"] = Json::array();
  for (const RunRecord& run : data.comparison.runs) json["runs"].push_back(json_run_in_full(store, run));
  json["curves"] = Json::array();
  for (const Curve& curve : data.curves) {
    Json points = Json::array();
    for (const CurvePoint& point : curve.points) {
      points.push_back({{"step", point.step},
                        {"seconds", json_number(point.seconds)},
                        {"wire_bytes", json_number(point.wire_bytes)},
                        {"mean", point.mean},
                        {"low", point.low},
                        {"high", point.high}});
    }
    json["curves"].push_back(
        {{"series", curve.series}, {"group", data.comparison.groups[curve.group].group.label}, {"points", points}});
  }
  return json_text(json);
}

}  // namespace sac
