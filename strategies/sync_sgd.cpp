#include "engine/core/error.h"
#include "engine/train/compressed_mean.h"
#include "engine/train/strategy.h"

namespace sac {
namespace {

/// Synchronous SGD: every step, all workers take the mean gradient.
/// Source  Chen et al., "Revisiting Distributed Synchronous SGD", 2016, arXiv:1604.00981; buckets and overlap as in
///         Li et al., "PyTorch Distributed", VLDB 2020, arXiv:2006.15704.
/// Rule    x <- x - lr mean_k g_k (any optimiser in place of the bare step).
///         With a codec C: x <- x - lr mean_k C(g_k).
/// Cost    one all-reduce of D elements a step and bucket: ring 2(K-1) messages, 2(K-1)/K D elements sent a worker.
///         With a codec one all-gather of its bytes, or an all-reduce where its messages add up.
/// Modes   virtual, gloo, nccl. Deterministic everywhere: replicas stay equal bit for bit.
class SyncSgd final : public Strategy {
 public:
  explicit SyncSgd(const Options& options)
      : bucket_bytes_(static_cast<std::int64_t>(options.number("bucket_mib") * 1024 * 1024)),
        overlap_(options.boolean("overlap")),
        mean_(options) {
    if (mean_.active() && (overlap_ || bucket_bytes_ > 0)) {
      throw ConfigError("strategy 'sync_sgd': codec = \"" + options.text("codec") +
                        "\" needs the whole gradient at once: use overlap = false and bucket_mib = 0");
    }
  }

  [[nodiscard]] Traits traits() const override {
    return {.oblivious = mean_.oblivious(), .serial_alone = !mean_.active(), .on_death = mean_.on_death()};
  }

  void step(Worker& worker) override {
    if (mean_.active()) {
      worker.compute_gradients();
      mean_.apply(worker, worker.comm(), worker.gradients(), worker.lr());
    } else {
      average_in_buckets(worker);
    }
    worker.update();
  }

  /// The replicas are equal: one speaks for all.
  ConsensusShare consensus(Worker& worker) override {
    return worker.speaks_for_all() ? ConsensusShare::replica(worker.parameters()) : ConsensusShare::none();
  }

  void io(Archive& archive, Worker& worker) override {
    (void)worker;
    mean_.io(archive);
  }

 private:
  void average_in_buckets(Worker& worker) const {
    std::vector<WorkPtr> works;
    std::int64_t end = worker.layout().parameter_count();  // gradients from here on are under way
    const auto send_from = [&](std::int64_t begin) {
      if (begin == end) return;
      works.push_back(worker.comm().all_reduce_async(worker.gradients().narrow(0, begin, end - begin), Reduce::kMean));
      end = begin;
    };
    const auto layer_ready = [&](int layer) {
      const std::int64_t begin = worker.layout().layers[static_cast<std::size_t>(layer)].parameters.begin;
      const std::int64_t filled = (end - begin) * static_cast<std::int64_t>(worker.gradients().element_size());
      if (begin == 0 || (bucket_bytes_ > 0 && filled >= bucket_bytes_)) send_from(begin);
    };
    if (overlap_) {
      worker.compute_gradients(layer_ready);
    } else {
      worker.compute_gradients();
      for (int layer = static_cast<int>(worker.layout().layers.size()) - 1; layer >= 0; --layer) layer_ready(layer);
    }
    for (const WorkPtr& work : works) work->wait();
  }

  std::int64_t bucket_bytes_;
  bool overlap_;
  CompressedMean mean_;
};

std::vector<OptionSpec> options() {
  return joined(
      {{{.name = "bucket_mib",
         .fallback = 0.0,
         .doc = "MiB of gradients an all-reduce; 0 = all in one",
         .min = 0,
         .max = 1e6},
        {.name = "overlap", .fallback = false, .doc = "start a bucket's all-reduce during the backward pass"}},
       Compressor::options()});
}

const Register<StrategyEntry> registered{{
    .name = "sync_sgd",
    .summary = "every step, all workers take the mean gradient",
    .source = "Chen et al. 2016, arXiv:1604.00981",
    .rule = "x <- x - lr mean_k g_k",
    .cost = "one all-reduce of D elements a step (a bucket each where bucketed)",
    .options = options(),
    .make = [](const Options& options) { return std::make_unique<SyncSgd>(options); },
}};

}  // namespace
}  // namespace sac
