#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "engine/core/random.h"

namespace sac {

/// How the plain server changes its model.
struct PlainRule {
  int workers = 1;
  int gradients = 1;   ///< that make a change, n
  bool waits = false;  ///< who has pushed waits for the change; there are then no more than workers present
  bool drops = false;  ///< a change calls off what is being computed
};

/// A parameter server and its workers in a page, without messages, threads or arithmetic: what the virtual cluster's
/// clock is checked against. Shares no code with it but the random streams.
class PlainServer {
 public:
  using Draw = std::function<double(RandomStream&)>;  ///< seconds of one gradient

  /// @param steps  a worker: gradients pushed or called off.  @param seed  of the times, as a run's.
  PlainServer(const PlainRule& rule, Draw draw, std::int64_t steps, std::uint64_t seed);

  /// Until the last worker has done its steps, or to the end of change number `changes`.
  void run(std::int64_t changes = -1);
  [[nodiscard]] double now() const { return now_; }
  [[nodiscard]] std::int64_t changes() const { return changes_; }
  /// Changes made since a gradient's worker last read -> number of gradients pushed.
  [[nodiscard]] const std::map<std::int64_t, std::int64_t>& staleness() const { return staleness_; }

 private:
  struct Worker {
    RandomStream stream;
    std::int64_t left = 0;     ///< steps
    double done = 0.0;         ///< when its gradient is
    std::int64_t read_at = 0;  ///< changes made by then
    bool computes = false;
    bool waits = false;
  };

  void begin(Worker& worker);
  void push(Worker& worker);
  [[nodiscard]] int needed() const;

  PlainRule rule_;
  Draw draw_;
  std::vector<Worker> workers_;
  int present_;
  double now_ = 0.0;
  int collected_ = 0;
  std::int64_t changes_ = 0;
  std::map<std::int64_t, std::int64_t> staleness_;
};

}  // namespace sac
