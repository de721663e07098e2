#include "engine/core/error.h"
#include "engine/train/delayed_merge.h"
#include "engine/train/period.h"
#include "engine/train/state_merge.h"
#include "engine/train/strategy.h"

namespace sac {
namespace {

/// Staged all-reduce ("SAC"): one half of the layers is all-reduced every step, the other runs free and is merged at
/// the end of each stage of T steps. Source  this project: docs/strategies/staged.md; no paper defines it. Rule    x =
/// (u, v): u <- u - lr mean_k g_k^u every step; v_k <- v_k - lr g_k^v every step, v_k <- mean_j v_j every T. Cost mean
/// volume a step D (f + (1 - f)/T) elements: all-reduces of u's gradient every step, of v every T steps. Modes virtual,
/// gloo, nccl. Deterministic everywhere. Evaluated at (u, mean_k v_k). Options change when v travels (`staging`,
/// `chunks`, `overlap`), what it becomes (`buffers`), which layers it holds
/// (`fraction`, `split`, `swap`), how long a stage is (`period...`), and who shares a mini-batch (`dual_sampling`).
/// Running statistics are never sent: they do not enter training, and as exponential means their average at evaluation
/// equals what averaging them at every merge would give.
class Staged final : public Strategy {
 public:
  explicit Staged(const Options& options)
      : fraction_(options.number("fraction")),
        split_(split_of(options.text("split"))),
        swap_(options.boolean("swap")),
        rotating_(options.text("staging") == "rotating"),
        overlap_(options.boolean("overlap")),
        chunks_(options.integer("chunks")),
        sharers_(static_cast<int>(options.integer("dual_sampling"))),
        period_(options),
        merge_(options),
        delayed_(options.integer("overlap_steps")) {
    refuse(swap_ && rotating_, "swap needs all of v merged at the stage's end: use staging = bucketed");
    refuse(swap_ && overlap_, "swap needs v merged before the halves change roles: turn overlap off");
    refuse((overlap_ || rotating_) && !period_.foreseeable(),
           "period_schedule = divergence needs v merged in one piece: turn overlap off, use staging = bucketed");
    refuse((overlap_ || rotating_) && !merge_.keeps(),
           "buffers must be 'keep' where v is merged piece by piece (overlap, rotating)");
  }

  [[nodiscard]] Traits traits() const override { return {.oblivious = period_.oblivious()}; }

  void prepare(Worker& worker) override {
    set_halves(worker);
    period_.prepare(worker, free_);
    refuse(swap_ && merge_.keeps() && !worker.optimizer().state().empty(),
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
    const bool stage_ends = period_.due(worker, free_);
    if (rotating_) {
      send_rotating(worker);
    } else if (stage_ends) {
      send_whole(worker);
    }
    delayed_.merge_due(worker);
    if (stage_ends) end_stage(worker);
  }

  void io(Archive& archive, Worker& worker) override {
    archive.io(swapped_);
    period_.io(archive);
    delayed_.io(archive, worker);
    if (archive.reading()) set_halves(worker);
  }

 private:
  static LayerSplit split_of(const std::string& name) {
    if (name == "front") return LayerSplit::kFront;
    if (name == "back") return LayerSplit::kBack;
    return name == "interleaved" ? LayerSplit::kInterleaved : LayerSplit::kLargest;
  }

  static void refuse(bool impossible, const std::string& why) {
    if (impossible) throw ConfigError("strategy 'staged': " + why);
  }

  void set_halves(Worker& worker) {
    const Slices half = select_layers(worker.layout(), fraction_, split_);
    const Slices rest = complement(half, worker.layout().parameter_count());
    synchronised_ = swapped_ ? rest : half;
    free_ = swapped_ ? half : rest;
  }

  /// Chunk c of S travels at step ceil((c + 1) T / S) of the stage: chunk t at step t where S = T.
  void send_rotating(Worker& worker) {
    const std::int64_t step = period_.steps_in_period();
    const std::int64_t first = (step - 1) * chunks_ / period_.period();
    const std::int64_t last = step * chunks_ / period_.period();
    for (std::int64_t chunk = first; chunk < last; ++chunk) send(worker, free_.part(chunk, chunks_));
  }

  void send_whole(Worker& worker) {
    if (overlap_) {
      for (std::int64_t chunk = 0; chunk < chunks_; ++chunk) send(worker, free_.part(chunk, chunks_));
      return;
    }
    std::vector<std::pair<at::Tensor, WorkPtr>> buckets;
    for (std::int64_t chunk = 0; chunk < chunks_; ++chunk) {
      at::Tensor bucket = free_.part(chunk, chunks_).pack(worker.parameters());
      if (bucket.numel() > 0) buckets.emplace_back(bucket, worker.comm().all_reduce_async(bucket, Reduce::kMean));
    }
    std::size_t next = 0;
    for (std::int64_t chunk = 0; chunk < chunks_; ++chunk) {
      const Slices slices = free_.part(chunk, chunks_);
      if (slices.empty()) continue;
      buckets[next].second->wait();
      slices.unpack(buckets[next++].first, worker.parameters());
    }
    merge_.apply(worker, free_);
  }

  void send(Worker& worker, const Slices& slices) {
    if (overlap_) {
      delayed_.send(worker, slices);
    } else {
      all_reduce(worker.comm(), slices, worker.parameters(), Reduce::kMean);
    }
  }

  void end_stage(Worker& worker) {
    if (swap_) {
      swapped_ = !swapped_;
      std::swap(synchronised_, free_);
    }
    period_.averaged(worker, free_);
  }

  double fraction_;
  LayerSplit split_;
  bool swap_, rotating_, overlap_;
  std::int64_t chunks_;
  int sharers_;
  PeriodSchedule period_;
  StateMerge merge_;
  DelayedMerge delayed_;
  Slices synchronised_, free_;  ///< u and v
  bool swapped_ = false;
  std::unique_ptr<Communicator> batch_comm_;  ///< the ranks that share this worker's mini-batches; null for one
};

std::vector<OptionSpec> options() {
  std::vector<OptionSpec> specs{
      {.name = "fraction",
       .fallback = 0.5,
       .doc = "share of the elements in the synchronised half, f",
       .min = 0,
       .max = 1},
      {.name = "split",
       .fallback = std::string("front"),
       .doc = "layers of the synchronised half",
       .choices = {"front", "back", "interleaved", "largest"}},
      {.name = "swap", .fallback = false, .doc = "the halves change roles at each stage's end"},
      {.name = "staging",
       .fallback = std::string("bucketed"),
       .doc = "chunks all at the stage's end, or one after the other over the stage",
       .choices = {"bucketed", "rotating"}},
      {.name = "chunks",
       .fallback = std::int64_t{1},
       .doc = "pieces of the stage-end average, S",
       .min = 1,
       .max = 65536},
      {.name = "overlap", .fallback = false, .doc = "v's averages travel behind the next steps' compute"},
      {.name = "overlap_steps",
       .fallback = std::int64_t{1},
       .doc = "steps between sending and merging",
       .min = 1,
       .max = 1e6},
      {.name = "dual_sampling",
       .fallback = std::int64_t{1},
       .doc = "workers that share each mini-batch, m",
       .min = 1,
       .max = 65536},
      {.name = "async",
       .fallback = std::string("local"),
       .doc = "where the asynchronous half lives",
       .choices = {"local"}},
  };
  for (OptionSpec& spec : PeriodSchedule::options(10)) specs.push_back(std::move(spec));
  specs.push_back(StateMerge::option());
  return specs;
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
