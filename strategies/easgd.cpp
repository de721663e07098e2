#include "engine/train/compressed_mean.h"
#include "engine/train/period.h"
#include "engine/train/strategy.h"

namespace sac {
namespace {

/// Elastic averaging SGD: every worker is tied to a common centre by a spring. Evaluated at the centre.
/// Source  Zhang, Choromanska & LeCun, "Deep Learning with Elastic Averaging SGD", NIPS 2015, arXiv:1412.6651.
/// Rule    x_k <- x_k - lr g_k; every H steps x_k <- x_k - a (x_k - c), c <- c + a sum_k (x_k - c), both from the
///         old x_k and c. a = beta / K.
/// Cost    one all-reduce of D elements (or an exchange of a codec's bytes) every H steps. What travels is x_k - c; the
///         centre moves by what a codec says of it, and error feedback hands it the rest later.
/// Modes   virtual, gloo, nccl. Deterministic everywhere.
class Easgd final : public Strategy {
 public:
  explicit Easgd(const Options& options) : beta_(options.number("beta")), period_(options), mean_(options) {
    require_lengths(mean_.compressor(), "easgd");
  }

  [[nodiscard]] Traits traits() const override {
    return {.oblivious = period_.oblivious() && mean_.oblivious(), .serial_alone = false, .on_death = mean_.on_death()};
  }

  void prepare(Worker& worker) override {
    all_ = Slices({{0, worker.layout().parameter_count()}});
    centre_ = worker.parameters().clone();
    period_.prepare(worker, all_);
  }

  void step(Worker& worker) override {
    worker.compute_gradients();
    if (period_.due(worker, all_)) {
      pull_together(worker);
      period_.averaged(worker, all_);
    }
    worker.update();
  }

  ConsensusShare consensus(Worker& worker) override {
    return worker.speaks_for_all() ? ConsensusShare::replica(centre_) : ConsensusShare::none();
  }

  void io(Archive& archive, Worker& worker) override {
    (void)worker;
    archive.io(period_, mean_, centre_);
  }

 private:
  void pull_together(Worker& worker) {
    const at::Tensor& x = worker.parameters();
    const at::Tensor apart = x.sub(centre_);
    x.sub_(apart, beta_ / worker.world_size());
    mean_.apply(worker, worker.comm(), apart, 1.0);
    centre_.add_(apart, beta_);
  }

  double beta_;
  PeriodSchedule period_;
  CompressedMean mean_;
  Slices all_;
  at::Tensor centre_;  ///< c, [D], equal on all ranks
};

std::vector<OptionSpec> options() {
  return joined(
      {{{.name = "beta", .fallback = 0.9, .doc = "pull on the centre by all workers, K a", .min = 0, .max = 1}},
       PeriodSchedule::options(4),
       Compressor::options()});
}

const Register<StrategyEntry> registered{{
    .name = "easgd",
    .summary = "workers are tied to a common centre by springs",
    .source = "Zhang, Choromanska & LeCun 2015, arXiv:1412.6651",
    .rule = "x_k <- x_k - lr g_k - a (x_k - c); c <- c + a sum_k (x_k - c), every H steps, a = beta / K",
    .cost = "one all-reduce of D elements every H steps",
    .options = options(),
    .make = [](const Options& given) { return std::make_unique<Easgd>(given); },
}};

}  // namespace
}  // namespace sac
