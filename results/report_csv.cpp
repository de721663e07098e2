#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "engine/core/error.h"
#include "engine/core/value.h"
#include "results/atomic_file.h"
#include "results/csv.h"
#include "results/json.h"
#include "results/report.h"

namespace sac {
namespace {

/// With a point or an exponent, so that readers that guess types take a column of zeros for real numbers.
std::string real_text(double value) { return to_toml(Value(value)); }

std::string field_text(const Json& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return csv_field(value.get<std::string>());
  if (value.is_boolean()) return value.get<bool>() ? "1" : "0";
  if (value.is_number_float()) return real_text(value.get<double>());
  return value.dump();
}

}  // namespace

/// The columns of `v_runs`, one line a run, the spec left out.
std::string render_csv(const Store& /*store*/, const ReportData& data) {
  std::string header;
  std::string lines;
  for (const RunRecord& run : data.comparison.runs) {
    Json columns = json_run(run);
    columns.erase("spec");
    std::string line;
    header.clear();
    for (const auto& [name, value] : columns.items()) {
      header += (header.empty() ? "" : ",") + name;
      line += (line.empty() ? "" : ",") + field_text(value);
    }
    lines += line + "\n";
  }
  return header + "\n" + lines;
}

namespace {

void stream_long_csv(const Store& store, const ReportData& data, std::ostream& out) {
  out << "run,name,strategy,seed,series,step,seconds,samples,wire_bytes,value\n";
  for (const RunRecord& run : data.comparison.runs) {
    const std::string head =
        std::to_string(run.run) + "," + csv_field(run.name) + "," + run.strategy + "," + std::to_string(run.seed) + ",";
    for (const std::string& series : store.series(run.run)) {
      for (const MetricPoint& point : store.points(run.run, series)) {
        out << head << csv_field(series) << ',' << point.step << ',' << real_text(point.seconds) << ',' << point.samples
            << ',' << point.wire_bytes << ',' << real_text(point.value) << '\n';
      }
    }
  }
}

}  // namespace

/// The columns of `v_metrics`, one line a point.
std::string render_long_csv(const Store& store, const ReportData& data) {
  std::ostringstream out;
  stream_long_csv(store, data, out);
  return out.str();
}

/// The same without holding ten million lines at once.
void write_long_csv(const Store& store, const ReportData& data, const std::filesystem::path& path) {
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored) && !std::filesystem::is_regular_file(path, ignored)) {
    return write_atomically(path, render_long_csv(store, data));
  }
  write_file_atomically(path, [&](const std::filesystem::path& temporary) {
    std::ofstream out(temporary, std::ios::binary);
    if (out) stream_long_csv(store, data, out);
    if (!out.flush()) throw UsageError("cannot write '" + path.string() + "': " + std::strerror(errno));
  });
}

}  // namespace sac
