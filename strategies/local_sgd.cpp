#include "engine/train/averaging.h"
#include "engine/train/strategy.h"

namespace sac {
namespace {

/// Local SGD: every worker steps alone; every H steps all take the mean model.
/// Source  Stich, "Local SGD Converges Fast and Communicates Little", ICLR 2019, arXiv:1805.09767.
/// Rule    x_k <- x_k - lr g_k every step; x_k <- mean_j x_j every H steps.
/// Cost    one all-reduce of D elements every H steps (and of each optimiser state, where averaged): ring 2(K-1)
///         messages, 2(K-1)/K D elements sent a worker. With a codec, its bytes of D elements.
/// Modes   virtual, gloo, nccl. Deterministic everywhere.
class LocalSgd final : public Strategy {
 public:
  explicit LocalSgd(const Options& options) : averaging_(options, "local_sgd") {}

  [[nodiscard]] Traits traits() const override {
    return {.oblivious = averaging_.oblivious(), .serial_alone = averaging_.exact(), .on_death = averaging_.on_death()};
  }

  void prepare(Worker& worker) override { averaging_.prepare(worker); }

  void step(Worker& worker) override {
    worker.compute_gradients();
    worker.update();
    averaging_.after_update(worker);
  }

  void io(Archive& archive, Worker& worker) override {
    (void)worker;
    averaging_.io(archive);
  }

 private:
  Averaging averaging_;
};

const Register<StrategyEntry> registered{{
    .name = "local_sgd",
    .summary = "workers step alone; every H steps all take the mean model",
    .source = "Stich 2019, arXiv:1805.09767",
    .rule = "x_k <- x_k - lr g_k; every H steps x_k <- mean_j x_j",
    .cost = "one all-reduce of D elements every H steps",
    .options = Averaging::options(10),
    .make = [](const Options& given) { return std::make_unique<LocalSgd>(given); },
}};

}  // namespace
}  // namespace sac
