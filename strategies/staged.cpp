#include "engine/core/error.h"
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
///         with a server f D all-reduced, (1 - f) D there and back. Running statistics are never sent.
/// Modes   virtual, gloo, nccl. Deterministic everywhere, with a server on the virtual cluster. Evaluated at
///         (u, mean_k v_k).
class Staged final : public Strategy {
 public:
  explicit Staged(const Options& options)
      : fraction_(options.number("fraction")),
        split_(layer_split(options.text("split"))),
        swap_(options.boolean("swap")),
        sharers_(static_cast<int>(options.integer("dual_sampling"))),
        served_(options.text("async") == "server"),
        staleness_(options.integer("staleness")),
        period_(options),
        merge_(options, period_) {
    refuse(swap_ && !merge_.whole(),
           "swap needs all of v merged when the halves change roles: use staging = bucketed, turn overlap off");
    refuse(served_ && (swap_ || sharers_ > 1 || !merge_.plain() || !merge_.keeps_state()),
           "async = server has no stage-end average: leave swap, dual_sampling, staging, chunks, overlap and buffers");
  }

  [[nodiscard]] Traits traits() const override {
    return {.server = served_,
            .deterministic = !served_,
            .oblivious = served_ || period_.oblivious(),
            .on_death = OnDeath::kCanGoOn};
  }

  void prepare(Worker& worker) override {
    set_halves(worker.layout());
    period_.prepare(worker, free_);
    refuse(swap_ && merge_.keeps_state() && !worker.optimizer().state().empty(),
           "swap would leave the synchronised half with different optimiser states: use buffers = average or zero");
    if (sharers_ == 1) return;
    worker.share_batches(sharers_);
    batch_comm_ = worker.comm().split(worker.rank() / sharers_);
  }

  void step(Worker& worker) override {
    worker.compute_gradients();
    all_reduce(worker.comm(), synchronised_, worker.gradients(), Reduce::kMean);
    if (batch_comm_) all_reduce(*batch_comm_, free_, worker.gradients(), Reduce::kMean);
    worker.update();
    if (served_) return push_pull(worker);
    const bool stage_ends = period_.due(worker, free_);
    merge_.step(worker, free_, period_, stage_ends);
    if (!stage_ends) return;
    if (swap_) {
      swapped_ = !swapped_;
      std::swap(synchronised_, free_);
    }
    period_.averaged(worker, free_);
  }

  ConsensusShare consensus(Worker& worker) override {
    return served_ ? ConsensusShare::around_server(worker.parameters()) : ConsensusShare::replica(worker.parameters());
  }

  [[nodiscard]] Slices served(const Layout& layout) const override {
    return complement(select_layers(layout, fraction_, split_), layout.parameter_count());
  }

  std::unique_ptr<ServerRule> serve(const ServerSetup& setup) override {
    const Options share(ServerStrategy::options(), {{"gradient_weight", std::string("share")}}, "strategy 'staged'");
    return std::make_unique<ServedModel>(share, ServerPolicy{.clock_gap = staleness_}, setup);
  }

  void io(Archive& archive, Worker& worker) override {
    archive.io(swapped_);
    period_.io(archive);
    merge_.io(archive, worker);
    if (archive.reading()) set_halves(worker.layout());
  }

 private:
  static void refuse(bool impossible, const std::string& why) {
    if (impossible) throw ConfigError("strategy 'staged': " + why);
  }
  void set_halves(const Layout& layout) {
    synchronised_ = select_layers(layout, fraction_, split_);
    free_ = complement(synchronised_, layout.parameter_count());
    if (swapped_) std::swap(synchronised_, free_);
  }

  /// v becomes the server's: what the local update has made of it does not count.
  void push_pull(Worker& worker) const {
    if (free_.empty()) return;
    const at::Tensor v = free_.pack(worker.parameters());
    worker.server().push_pull(free_.pack(worker.gradients()), worker.lr(), v);
    free_.unpack(v, worker.parameters());
  }

  double fraction_;
  LayerSplit split_;
  bool swap_;
  int sharers_;
  bool served_;
  std::int64_t staleness_;
  PeriodSchedule period_;
  StageMerge merge_;
  Slices synchronised_, free_;  ///< u and v
  bool swapped_ = false;
  std::unique_ptr<Communicator> batch_comm_;  ///< the ranks that share this worker's mini-batches; null for one
};

std::vector<OptionSpec> options() {
  return joined(
      {{{.name = "fraction", .fallback = 0.5, .doc = "share of the elements synchronised, f", .min = 0, .max = 1},
        layer_split_option("layers of the synchronised half"),
        {.name = "swap", .fallback = false, .doc = "the halves change roles at each stage's end"},
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
