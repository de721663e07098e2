#pragma once
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>

#include "engine/core/metric_sink.h"

namespace sac {

/// "42 s", "3 min 20 s", "2 h 05 min"
std::string duration_text(double seconds);

/// Shows on stderr how far a run is: on a terminal one line that rewrites itself, elsewhere a plain line at most every
/// ten seconds. Never throws: a closed stderr is no reason to stop a run.
class ProgressDisplay final : public MetricSink {
 public:
  enum class Style { kSilent, kPlain, kTerminal };

  /// kSilent when quiet, else by what stderr is.
  static Style style_for(bool quiet);

  explicit ProgressDisplay(Style style) : style_(style) {}

  void begin(const RunContext& context) override;
  void record(std::span<const MetricPoint> points) override;
  void progress(const Progress& progress) override;
  void finish(const RunOutcome& outcome) override;

 private:
  using Time = std::chrono::steady_clock::time_point;

  [[nodiscard]] std::string line(const Progress& progress, Time now) const;

  Style style_;
  std::string strategy_;
  std::string clock_;  ///< what its seconds are
  Time begin_;
  Time shown_;
  std::int64_t first_step_ = -1;  ///< where this process took the run up
  double accuracy_ = std::numeric_limits<double>::quiet_NaN();
  bool open_line_ = false;
};

}  // namespace sac
