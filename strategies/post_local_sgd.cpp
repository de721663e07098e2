#include "engine/train/averaging.h"
#include "engine/train/strategy.h"

namespace sac {
namespace {

/// Post-local SGD: synchronous SGD for the first t0 steps, local SGD from then on.
/// Source  Lin et al., "Don't Use Large Mini-batches, Use Local SGD", ICLR 2020, arXiv:1808.07217.
/// Rule    step < t0: x <- x - lr mean_k g_k; later x_k <- x_k - lr g_k, every H steps x_k <- mean_j x_j.
/// Cost    one all-reduce of D elements a step up to t0, then one every H steps.
/// Modes   virtual, gloo, nccl. Deterministic everywhere.
class PostLocalSgd final : public Strategy {
 public:
  explicit PostLocalSgd(const Options& options)
      : switch_step_(options.integer("switch_step")), averaging_(options, "post_local_sgd") {}

  [[nodiscard]] Traits traits() const override {
    return {.oblivious = averaging_.oblivious(), .serial_alone = averaging_.exact(), .on_death = averaging_.on_death()};
  }

  void prepare(Worker& worker) override { averaging_.prepare(worker); }

  void step(Worker& worker) override {
    worker.compute_gradients();
    if (worker.step() < switch_step_) {
      worker.comm().all_reduce(worker.gradients(), Reduce::kMean);
      return worker.update();
    }
    if (worker.step() == switch_step_) averaging_.prepare(worker);
    worker.update();
    averaging_.after_update(worker);
  }

  void io(Archive& archive, Worker& worker) override {
    (void)worker;
    averaging_.io(archive);
  }

 private:
  std::int64_t switch_step_;
  Averaging averaging_;
};

std::vector<OptionSpec> options() {
  return joined({{{.name = "switch_step",
                   .fallback = std::int64_t{100},
                   .doc = "steps made synchronously first, t0",
                   .min = 0,
                   .max = 1e12}},
                 Averaging::options(10)});
}

const Register<StrategyEntry> registered{{
    .name = "post_local_sgd",
    .summary = "synchronous SGD first, local SGD from step t0 on",
    .source = "Lin et al. 2020, arXiv:1808.07217",
    .rule = "step < t0: x <- x - lr mean_k g_k; then x_k <- x_k - lr g_k, every H steps x_k <- mean_j x_j",
    .cost = "one all-reduce of D elements a step up to t0, then every H steps",
    .options = options(),
    .make = [](const Options& given) { return std::make_unique<PostLocalSgd>(given); },
}};

}  // namespace
}  // namespace sac
