#include "engine/train/period.h"
#include "engine/train/state_merge.h"
#include "engine/train/strategy.h"

namespace sac {
namespace {

/// Local SGD: every worker steps alone; every H steps all take the mean model.
/// Source  Stich, "Local SGD Converges Fast and Communicates Little", ICLR 2019, arXiv:1805.09767.
/// Rule    x_k <- x_k - lr g_k every step; x_k <- mean_j x_j every H steps.
/// Cost    one all-reduce of D elements every H steps (and of each optimiser state, where averaged): ring 2(K-1)
///         messages, 2(K-1)/K D elements sent a worker.
/// Modes   virtual, gloo, nccl. Deterministic everywhere.
class LocalSgd final : public Strategy {
 public:
  explicit LocalSgd(const Options& options) : period_(options), merge_(options) {}

  [[nodiscard]] Traits traits() const override { return {.oblivious = period_.oblivious()}; }

  void prepare(Worker& worker) override {
    all_ = Slices({{0, worker.layout().parameter_count()}});
    period_.prepare(worker, all_);
  }

  void step(Worker& worker) override {
    worker.compute_gradients();
    worker.update();
    if (!period_.due(worker, all_)) return;
    worker.comm().all_reduce(worker.parameters(), Reduce::kMean);
    merge_.apply(worker, all_);
    period_.averaged(worker, all_);
  }

  void io(Archive& archive, Worker& worker) override {
    (void)worker;
    period_.io(archive);
  }

 private:
  PeriodSchedule period_;
  StateMerge merge_;
  Slices all_;
};

std::vector<OptionSpec> options() {
  std::vector<OptionSpec> specs = PeriodSchedule::options(10);
  specs.push_back(StateMerge::option());
  return specs;
}

const Register<StrategyEntry> registered{{
    .name = "local_sgd",
    .summary = "workers step alone; every H steps all take the mean model",
    .source = "Stich 2019, arXiv:1805.09767",
    .rule = "x_k <- x_k - lr g_k; every H steps x_k <- mean_j x_j",
    .cost = "one all-reduce of D elements every H steps",
    .options = options(),
    .make = [](const Options& given) { return std::make_unique<LocalSgd>(given); },
}};

}  // namespace
}  // namespace sac
