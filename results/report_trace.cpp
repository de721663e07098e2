#include <algorithm>

#include "engine/core/error.h"
#include "engine/core/value.h"
#include "results/json.h"
#include "results/report.h"

namespace sac {
namespace {

constexpr double kMicroseconds = 1e6;
// Trace viewers group tracks by "process".
constexpr int kWorkers = 1;
constexpr int kTransfers = 2;
constexpr int kMetrics = 3;

Json metadata(const char* what, int process, int thread, const std::string& name) {
  return {{"name", what}, {"ph", "M"}, {"pid", process}, {"tid", thread}, {"args", {{"name", name}}}};
}

Json track_order(int process, int order) {
  return {{"name", "process_sort_index"}, {"ph", "M"}, {"pid", process}, {"tid", 0}, {"args", {{"sort_index", order}}}};
}

/// A stretch on a worker's own track: these follow one another.
Json complete_event(const Span& span) {
  Json event = {{"name", span_name(span.kind)},
                {"cat", span_name(span.kind)},
                {"ph", "X"},
                {"pid", kWorkers},
                {"tid", span.rank},
                {"ts", span.start * kMicroseconds},
                {"dur", (span.end - span.start) * kMicroseconds}};
  if (!span.what.empty()) event["args"] = {{"of", span.what}};
  return event;
}

/// A transfer, which may overlap with others of its worker: an asynchronous pair of events.
void add_transfer(const Span& span, std::size_t id, Json& events) {
  for (const bool begin : {true, false}) {
    events.push_back({{"name", span.what},
                      {"cat", "transfer"},
                      {"ph", begin ? "b" : "e"},
                      {"id", id},
                      {"pid", kTransfers},
                      {"tid", span.rank},
                      {"ts", (begin ? span.start : span.end) * kMicroseconds}});
  }
}

void add_counters(const Store& store, std::int64_t run, double until, Json& events) {
  for (const std::string& series : store.series(run)) {
    for (const MetricPoint& point : store.points(run, series)) {
      if (point.seconds > until) break;
      events.push_back({{"name", series},
                        {"ph", "C"},
                        {"pid", kMetrics},
                        {"ts", point.seconds * kMicroseconds},
                        {"args", {{series, json_number(point.value)}}}});
    }
  }
}

const RunRecord& only_run(const ReportData& data) {
  const std::vector<RunRecord>& runs = data.comparison.runs;
  if (runs.size() == 1) return runs.front();
  throw UsageError("a trace shows one run, got " + std::to_string(runs.size()) + "; name one: sactool report RUN");
}

}  // namespace

/// The timeline of one run as Chrome trace events, for Perfetto and chrome://tracing. Times are the run's clock.
std::string render_trace(const Store& store, const ReportData& data) {
  const RunRecord& run = only_run(data);
  const std::vector<Span> spans = store.timeline(run.run);
  if (spans.empty()) {
    throw UsageError("run " + std::to_string(run.run) + " '" + run.name +
                     "' has no timeline: only virtual runs of --timeline STEPS above 0 have one");
  }
  Json events = Json::array();
  events.push_back(metadata("process_name", kWorkers, 0, run.name));
  events.push_back(metadata("process_name", kTransfers, 0, "transfers"));
  events.push_back(metadata("process_name", kMetrics, 0, "metrics"));
  for (const int process : {kWorkers, kTransfers, kMetrics}) events.push_back(track_order(process, process));
  double until = 0.0;
  for (std::size_t place = 0; place < spans.size(); ++place) {
    const Span& span = spans[place];
    until = std::max(until, span.end);
    if (place == 0 || spans[place - 1].rank != span.rank) {
      const std::string name = "worker " + std::to_string(span.rank);
      for (const int process : {kWorkers, kTransfers}) {
        events.push_back(metadata("thread_name", process, span.rank, name));
      }
    }
    if (span.kind == Span::Kind::kTransfer) {
      add_transfer(span, place, events);
    } else {
      events.push_back(complete_event(span));
    }
  }
  add_counters(store, run.run, until, events);
  const Json trace = {{"displayTimeUnit", "ms"},
                      {"otherData", {{"run", run.run}, {"name", run.name}, {"key", run.key}, {"by", "sactool"}}},
                      {"traceEvents", events}};
  return json_text(trace);
}

}  // namespace sac
