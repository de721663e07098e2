#include "engine/train/difference_mean.h"
#include "engine/train/period.h"
#include "engine/train/state_merge.h"
#include "engine/train/strategy.h"

namespace sac {
namespace {

/// Hierarchical local SGD: neighbours average often, everybody seldom.
/// Source  Lin et al., "Don't Use Large Mini-batches, Use Local SGD", ICLR 2020, arXiv:1808.07217, section 5.
/// Rule    x_k <- x_k - lr g_k; every H1 steps x_k <- mean over k's node; every H1 H2 steps x_k <- mean over all.
/// Cost    one all-reduce of D elements (or an exchange of a codec's bytes) every H1 steps: H2 - 1 of H2 within a node
///         of `node_size` ranks. With a codec differences travel: from the node's last mean, or from the last over all.
/// Modes   virtual, gloo, nccl. Deterministic everywhere.
class HierarchicalLocalSgd final : public Strategy {
 public:
  explicit HierarchicalLocalSgd(const Options& options)
      : node_size_(static_cast<int>(options.integer("node_size"))),
        node_rounds_(options.integer("node_rounds")),
        period_(options),
        merge_(options),
        node_mean_(options),
        mean_(options) {
    require_lengths(mean_.compressor(), "hierarchical_local_sgd");
  }

  [[nodiscard]] Traits traits() const override {
    return {.oblivious = period_.oblivious() && mean_.oblivious(),
            .serial_alone = mean_.exact(),
            .on_death = mean_.on_death()};
  }

  void prepare(Worker& worker) override {
    all_ = Slices({{0, worker.layout().parameter_count()}});
    node_ = worker.comm().split(worker.rank() / node_size_);
    period_.prepare(worker, all_);
    node_mean_.agree(worker.parameters());
    mean_.agree(worker.parameters());
  }

  void step(Worker& worker) override {
    worker.compute_gradients();
    worker.update();
    if (!period_.due(worker, all_)) return;
    const bool over_all = ++rounds_ % node_rounds_ == 0;
    Communicator& comm = over_all ? worker.comm() : *node_;
    (over_all ? mean_ : node_mean_).apply(worker, comm, worker.parameters());
    node_mean_.agree(worker.parameters());
    if (over_all) mean_.agree(worker.parameters());
    merge_.apply(worker, comm, all_);
    period_.averaged(worker, all_);
  }

  void io(Archive& archive, Worker& worker) override {
    (void)worker;
    archive.io(rounds_, period_, node_mean_, mean_);
  }

 private:
  int node_size_;
  std::int64_t node_rounds_;
  std::int64_t rounds_ = 0;  ///< averages so far
  PeriodSchedule period_;
  StateMerge merge_;
  DifferenceMean node_mean_, mean_;
  Slices all_;
  std::unique_ptr<Communicator> node_;
};

std::vector<OptionSpec> options() {
  return joined({{{.name = "node_size",
                   .fallback = std::int64_t{2},
                   .doc = "neighbouring ranks that make a node",
                   .min = 1,
                   .max = 65536},
                  {.name = "node_rounds",
                   .fallback = std::int64_t{4},
                   .doc = "averages until one is over all, H2",
                   .min = 1,
                   .max = 1e9}},
                 PeriodSchedule::options(4),
                 {StateMerge::option()},
                 Compressor::options()});
}

const Register<StrategyEntry> registered{{
    .name = "hierarchical_local_sgd",
    .summary = "nodes average every H1 steps, everybody every H1 H2",
    .source = "Lin et al. 2020, arXiv:1808.07217",
    .rule = "x_k <- x_k - lr g_k; every H1 steps x_k <- mean over its node; every H1 H2 x_k <- mean_j x_j",
    .cost = "one all-reduce of D elements every H1 steps, H2 - 1 of H2 within a node",
    .options = options(),
    .make = [](const Options& given) { return std::make_unique<HierarchicalLocalSgd>(given); },
}};

}  // namespace
}  // namespace sac
