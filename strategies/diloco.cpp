#include "engine/train/averaging.h"
#include "engine/train/outer_optimizer.h"
#include "engine/train/strategy.h"

namespace sac {
namespace {

/// DiLoCo: long local periods under an outer optimiser. The inner one is the run's ([optimizer]; AdamW in the paper).
/// Source  Douillard et al., "DiLoCo: Distributed Low-Communication Training of Language Models", 2023,
///         arXiv:2311.08105.
/// Rule    H local steps; D = x_start - mean_k x_k; x <- outer optimiser's step from x_start along D.
/// Cost    one all-reduce of D elements every H steps.
/// Modes   virtual, gloo, nccl. Deterministic everywhere. Outer sgd with step size 1 and momentum 0 is local_sgd.
class DiLoCo final : public Strategy {
 public:
  explicit DiLoCo(const Options& options) : averaging_(options, "diloco"), outer_(OuterConfig::of(options, "outer")) {}

  [[nodiscard]] Traits traits() const override {
    return {.oblivious = averaging_.oblivious(), .serial_alone = false, .on_death = averaging_.on_death()};
  }

  void prepare(Worker& worker) override {
    averaging_.prepare(worker);
    outer_.prepare(worker.parameters());
  }

  void step(Worker& worker) override {
    worker.compute_gradients();
    worker.update();
    averaging_.after_update(worker, [&] { outer_.step(worker.parameters()); });
  }

  void io(Archive& archive, Worker& worker) override {
    (void)worker;
    averaging_.io(archive);
    outer_.io(archive);
  }

 private:
  Averaging averaging_;
  OuterOptimizer outer_;
};

const Register<StrategyEntry> registered{{
    .name = "diloco",
    .summary = "long local periods under an outer Nesterov optimiser",
    .source = "Douillard et al. 2023, arXiv:2311.08105",
    .rule = "H local steps; D = x_start - mean_k x_k; x <- outer step from x_start along D",
    .cost = "one all-reduce of D elements every H steps",
    .options = joined({outer_options(), Averaging::options(10)}),
    .make = [](const Options& given) { return std::make_unique<DiLoCo>(given); },
}};

}  // namespace
}  // namespace sac
