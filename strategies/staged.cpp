#include <optional>

#include "engine/core/error.h"
#include "engine/train/halves.h"
#include "engine/train/server_strategy.h"
#include "engine/train/stage_merge.h"

namespace sac {
namespace {

/// Staged all-reduce ("SAC"): one half of the layers is all-reduced every step, the other runs free and is merged at
/// the end of each stage of T steps, or lives on a parameter server.
/// Source  this project: docs/strategies/staged.md; no paper defines it.
/// Rule    x = (u, v): u <- u - lr mean_k g_k^u every step; v_k <- v_k - lr g_k^v every step, v_k <- mean_j v_j
///         every T; async = server: v <- v - (lr / K) g_k^v at the server as it arrives, no clock more than s ahead.
/// Cost    mean volume a step D (f + (1 - f)/T) elements: all-reduces of u's gradient every step, of v every T steps;
///         with a server f D all-reduced, (1 - f) D there and back; or a codec's bytes, for either half. Running
///         statistics are never sent.
/// Modes   virtual, gloo, nccl. Deterministic everywhere, with a server on the virtual cluster. Evaluated at
///         (u, mean_k v_k).
class Staged final : public Strategy {
 public:
  explicit Staged(const Options& options)
      : halves_(options),
        swap_(options.boolean("swap")),
        sharers_(static_cast<int>(options.integer("dual_sampling"))),
        served_(options.text("async") == "server"),
        staleness_(options.integer("staleness")),
        options_(options),
        period_(options),
        merge_(options, period_),
        mean_(options),
        shared_mean_(options) {
    refuse(swap_ && !merge_.whole(),
           "swap needs all of v merged when the halves change roles: use staging = bucketed, turn overlap off");
    refuse(swap_ && mean_.compressor().feeds_back(),
           "swap would give what was kept back of one half to the other: leave error_feedback = false and codec dgc");
    if (served_) link_.emplace(options, "staged");
    refuse(served_ && (swap_ || sharers_ > 1 || !merge_.plain() || !merge_.keeps_state()),
           "async = server has no stage-end average: leave swap, dual_sampling, staging, chunks, overlap and buffers");
  }

  [[nodiscard]] Traits traits() const override {
    return {.server = served_,
            .deterministic = !served_,
            .oblivious = mean_.oblivious() && (served_ || period_.oblivious()),
            .serial_alone = merge_.exact(),
            .on_death = mean_.on_death()};
  }

  void prepare(Worker& worker) override {
    halves_.prepare(worker.model_layout(), worker.part());
    period_.prepare(worker, halves_.free());
    merge_.prepare(worker);
    if (link_) link_->prepare(worker);
    refuse(swap_ && merge_.keeps_state() && !worker.optimizer().state().empty(),
           "swap would leave the synchronised half with different optimiser states: use buffers = average or zero");
    if (sharers_ == 1) return;
    worker.share_batches(sharers_);
    batch_comm_ = worker.comm().split(worker.rank() / sharers_);
  }

  void step(Worker& worker) override {
    const Slices& free = halves_.free();
    worker.compute_gradients();
    mean_.apply(worker, worker.comm(), halves_.synchronised(), worker.gradients(), worker.lr());
    if (batch_comm_) shared_mean_.apply(worker, *batch_comm_, free, worker.gradients(), worker.lr());
    worker.update();
    if (served_) {  // what the local update has made of v does not count
      if (!free.empty()) link_->push_pull(worker, free, {.lr = worker.lr()});
      return;
    }
    const bool stage_ends = period_.due(worker, free);
    merge_.step(worker, free, period_, stage_ends);
    if (!stage_ends) return;
    if (swap_) halves_.swap();
    period_.averaged(worker, free);
  }

  ConsensusShare consensus(Worker& worker) override {
    return served_ ? ConsensusShare::around_server(worker.parameters()) : ConsensusShare::replica(worker.parameters());
  }

  [[nodiscard]] Slices served(const Layout& layout) const override {
    Halves halves(options_);
    halves.prepare(layout);
    return halves.free();
  }

  std::unique_ptr<ServerRule> serve(const ServerSetup& setup) override {
    return ServedModel::of_shares(options_, {.clock_gap = {staleness_, staleness_}}, setup);
  }

  void io(Archive& archive, Worker& worker) override {
    archive.io(halves_, period_, mean_, shared_mean_);
    merge_.io(archive, worker);
    if (link_) link_->io(archive);
  }

 private:
  static void refuse(bool impossible, const std::string& why) {
    if (impossible) throw ConfigError("strategy 'staged': " + why);
  }
  Halves halves_;
  bool swap_;
  int sharers_;
  bool served_;
  std::int64_t staleness_;
  Options options_;
  std::optional<ServerLink> link_;  ///< async = server
  PeriodSchedule period_;
  StageMerge merge_;
  CompressedMean mean_, shared_mean_;         ///< of gradients: over all, and over those that share a batch
  std::unique_ptr<Communicator> batch_comm_;  ///< the ranks that share this worker's mini-batches; null for one
};

std::vector<OptionSpec> options() {
  return joined({Halves::options(),
                 {{.name = "swap", .fallback = false, .doc = "the halves change roles at each stage's end"},
                  {.name = "dual_sampling",
                   .fallback = std::int64_t{1},
                   .doc = "workers that share each mini-batch, m",
                   .min = 1,
                   .max = 65536},
                  {.name = "async",
                   .fallback = std::string("local"),
                   .doc = "where the other half lives",
                   .choices = {"local", "server"}},
                  {.name = "staleness",
                   .fallback = std::int64_t{3},
                   .doc = "async = server: gradients ahead of the slowest, s",
                   .min = 0,
                   .max = 1e12}},
                 PeriodSchedule::options(10),
                 StageMerge::options()});
}

const Register<StrategyEntry> registered{{
    .name = "staged",
    .summary = "half of the layers all-reduced every step, the rest merged at the end of each stage",
    .source = "this project, docs/strategies/staged.md",
    .rule = "u <- u - lr mean_k g_k^u; v_k <- v_k - lr g_k^v, every T steps v_k <- mean_j v_j",
    .cost = "D (f + (1 - f)/T) elements all-reduced a step",
    .options = options(),
    .make = [](const Options& given) { return std::make_unique<Staged>(given); },
}};

}  // namespace
}  // namespace sac
