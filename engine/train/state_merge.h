#pragma once
#include "engine/core/options.h"
#include "engine/train/slices.h"
#include "engine/train/worker.h"

namespace sac {

/// What becomes of the optimiser's state (momentum, moments) where replicas are averaged: each keeps its own, all take
/// the mean (one more all-reduce a state tensor), or all start from zero. Lin et al. 2020, "Don't Use Large
/// Mini-batches, Use Local SGD", section 4.
class StateMerge {
 public:
  static OptionSpec option() {
    return {.name = "buffers",
            .fallback = std::string("keep"),
            .doc = "optimiser state at an average",
            .choices = {"keep", "average", "zero"}};
  }

  explicit StateMerge(const Options& options) : mode_(options.text("buffers")) {}

  [[nodiscard]] bool keeps() const { return mode_ == "keep"; }
  [[nodiscard]] bool averages() const { return mode_ == "average"; }

  void apply(Worker& worker, const Slices& slices) const { apply(worker, worker.comm(), slices); }
  /// @param comm  the ranks that average.
  void apply(Worker& worker, Communicator& comm, const Slices& slices) const {
    if (keeps()) return;
    for (const at::Tensor& state : worker.optimizer().state()) {
      if (averages()) {
        all_reduce(comm, slices, state, Reduce::kMean);
      } else {
        slices.zero(state);
      }
    }
  }

 private:
  std::string mode_;
};

}  // namespace sac
