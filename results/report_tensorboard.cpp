#include <algorithm>
#include <cctype>
#include <set>
#include <string_view>

#include "engine/core/error.h"
#include "results/atomic_file.h"
#include "results/report.h"
#include "results/tfrecord.h"
#include "results/utc.h"

namespace sac {
namespace {

// Field numbers of TensorFlow's event.proto and summary.proto.
constexpr int kWallTime = 1;
constexpr int kStep = 2;
constexpr int kFileVersion = 3;
constexpr int kSummary = 5;
constexpr int kSummaryValue = 1;
constexpr int kTag = 1;
constexpr int kSimpleValue = 2;

std::string version_event(double wall_time) {
  return tfrecord(ProtoMessage().add_double(kWallTime, wall_time).add_bytes(kFileVersion, "brain.Event:2").bytes());
}

std::string scalar_event(double wall_time, const MetricPoint& point) {
  ProtoMessage value;
  value.add_bytes(kTag, point.series).add_float(kSimpleValue, static_cast<float>(point.value));
  const ProtoMessage summary = ProtoMessage().add_bytes(kSummaryValue, value.bytes());
  ProtoMessage event;
  event.add_double(kWallTime, wall_time + point.seconds).add_integer(kStep, point.step);
  return tfrecord(event.add_bytes(kSummary, summary.bytes()).bytes());
}

/// The wall time of an event is the run's begin plus the run's clock, so that "relative" shows the run's clock.
std::string events_of(const Store& store, const RunRecord& run) {
  const double begin = seconds_of_utc(run.created);
  std::string events = version_event(begin);
  for (const std::string& series : store.series(run.run)) {
    for (const MetricPoint& point : store.points(run.run, series)) events += scalar_event(begin, point);
  }
  return events;
}

/// A run's name as the name of a folder, which TensorBoard shows.
std::string folder_name(const RunRecord& run, std::set<std::string>& taken) {
  std::string name = run.name.substr(0, 200);
  std::ranges::replace_if(
      name,
      [](unsigned char c) {
        return std::isalnum(c) == 0 && std::string_view("._-+=,@ ").find(static_cast<char>(c)) == std::string::npos;
      },
      '_');
  if (name.starts_with('.')) name.front() = '_';
  if (!taken.insert(name).second) name += "-" + std::to_string(run.run);
  return name;
}

}  // namespace

/// A folder a run with one event file; writing it again replaces the files.
void write_tensorboard(const Store& store, const ReportData& data, const std::filesystem::path& folder) {
  std::set<std::string> taken;
  for (const RunRecord& run : data.comparison.runs) {
    const std::filesystem::path own = folder / folder_name(run, taken);
    std::error_code error;
    std::filesystem::create_directories(own, error);
    if (error) throw UsageError("cannot write '" + own.string() + "': " + error.message());
    const auto second = static_cast<std::int64_t>(seconds_of_utc(run.created));
    write_atomically(own / ("events.out.tfevents." + std::to_string(second) + ".sactool"), events_of(store, run));
  }
}

}  // namespace sac
