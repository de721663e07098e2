#include "engine/train/delayed_merge.h"
#include "engine/train/period.h"
#include "engine/train/strategy.h"

namespace sac {
namespace {

/// Overlap local SGD (CoCoD-SGD): the average of one period travels behind the next one's computation.
/// Source  Shen et al., "Faster Distributed Deep Net Training: Computation and Communication Decoupled SGD", IJCAI
///         2019, arXiv:1906.12043; Wang et al. 2020, "Overlap Local-SGD", arXiv:2002.09539 (without its anchor).
/// Rule    at the end of period n, s_k = x_k is sent; at the end of period n + 1 x_k <- mean_j s_j + (x_k - s_k).
/// Cost    one all-reduce of D elements (or an exchange of a codec's bytes) every H steps, hidden behind H steps of
///         computation. With a codec s_k travels as its difference from the last mean that landed.
/// Modes   virtual, gloo, nccl. Deterministic everywhere.
class OverlapLocalSgd final : public Strategy {
 public:
  explicit OverlapLocalSgd(const Options& options)
      : period_(options), delayed_(DelayedMerge::kNever, options, "overlap_local_sgd") {}

  [[nodiscard]] Traits traits() const override {
    return {.oblivious = period_.oblivious() && delayed_.oblivious(),
            .serial_alone = delayed_.exact(),
            .on_death = delayed_.on_death()};
  }

  void prepare(Worker& worker) override {
    all_ = Slices({{0, worker.layout().parameter_count()}});
    period_.prepare(worker, all_);
    delayed_.agree(worker);
  }

  void step(Worker& worker) override {
    worker.compute_gradients();
    worker.update();
    if (period_.due(worker, all_)) {
      delayed_.merge_all(worker);
      delayed_.send(worker, all_);
      period_.averaged(worker, all_);
    }
    delayed_.merge_due(worker);
  }

  void io(Archive& archive, Worker& worker) override {
    period_.io(archive);
    delayed_.io(archive, worker);
  }

 private:
  PeriodSchedule period_;
  DelayedMerge delayed_;
  Slices all_;
};

const Register<StrategyEntry> registered{{
    .name = "overlap_local_sgd",
    .summary = "local SGD whose averages travel behind the next period's computation",
    .source = "Shen et al. 2019, arXiv:1906.12043 (CoCoD-SGD); Wang et al. 2020, arXiv:2002.09539",
    .rule = "period n ends: send s_k = x_k; period n + 1 ends: x_k <- mean_j s_j + (x_k - s_k)",
    .cost = "one all-reduce of D elements every H steps, hidden",
    .options = joined({PeriodSchedule::options(10), Compressor::options()}),
    .make = [](const Options& given) { return std::make_unique<OverlapLocalSgd>(given); },
}};

}  // namespace
}  // namespace sac
