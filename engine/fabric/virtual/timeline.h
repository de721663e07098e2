#pragma once
#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/span.h"

namespace sac {

/// Takes down what the first workers of a run do during their first steps. Each worker's thread adds its own spans;
/// they are read after the run.
class Timeline {
 public:
  static constexpr std::int64_t kMostWorkers = 32;

  /// @param steps  of each worker that are taken down.
  Timeline(std::int64_t workers, std::int64_t steps)
      : steps_(steps), lanes_(static_cast<std::size_t>(std::min(workers, kMostWorkers))) {}

  void begin_step(int rank) {
    if (static_cast<std::size_t>(rank) < lanes_.size()) ++lanes_[static_cast<std::size_t>(rank)].begun;
  }

  /// Stretches of no length are left out.
  void add(int rank, Span::Kind kind, double start, double end, std::string what = "") {
    if (static_cast<std::size_t>(rank) >= lanes_.size()) return;
    Lane& lane = lanes_[static_cast<std::size_t>(rank)];
    if (lane.begun > steps_ || !(end > start)) return;
    lane.spans.push_back({rank, kind, start, end, std::move(what)});
  }

  /// All spans, by rank and in the order of each worker.
  [[nodiscard]] std::vector<Span> spans() const {
    std::vector<Span> all;
    for (const Lane& lane : lanes_) all.insert(all.end(), lane.spans.begin(), lane.spans.end());
    return all;
  }

 private:
  struct Lane {
    std::int64_t begun = 0;
    std::vector<Span> spans;
  };
  std::int64_t steps_;
  std::vector<Lane> lanes_;
};

}  // namespace sac
