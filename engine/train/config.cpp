#include "engine/train/config.h"

#include <string>

#include "engine/core/error.h"

namespace sac {

const std::vector<OptionSpec>& train_options() {
  constexpr double kMaxSteps = 1e12;
  static const std::vector<OptionSpec> kOptions{
      {.name = "steps", .fallback = std::int64_t{0}, .doc = "a worker; 0 = by epochs", .min = 0, .max = kMaxSteps},
      {.name = "epochs",
       .fallback = 0.0,
       .doc = "passes over the training data by all workers; 0 = by steps",
       .min = 0,
       .max = 1e6},
      {.name = "batch_size",
       .fallback = std::int64_t{32},
       .doc = "samples a worker and step, B",
       .min = 1,
       .max = 1 << 24},
      {.name = "batch_warmup_steps",
       .fallback = std::int64_t{0},
       .doc = "steps over which the mini-batch grows from batch_start to batch_size; 0 = it does not",
       .min = 0,
       .max = 1e9},
      {.name = "batch_start",
       .fallback = std::int64_t{0},
       .doc = "samples a worker at the first step of the warm-up",
       .min = 0,
       .max = 1 << 24},
      {.name = "seed", .fallback = std::int64_t{0}, .doc = "initialisation, data order, compute times", .min = 0},
      {.name = "eval_every",
       .fallback = std::int64_t{0},
       .doc = "steps; 0 = only at the end",
       .min = 0,
       .max = kMaxSteps},
      {.name = "log_every",
       .fallback = std::int64_t{10},
       .doc = "steps a point of the loss curve",
       .min = 1,
       .max = kMaxSteps},
      {.name = "checkpoint_every",
       .fallback = std::int64_t{0},
       .doc = "steps; 0 = only when stopped",
       .min = 0,
       .max = kMaxSteps},
      {.name = "checkpoints_kept",
       .fallback = std::int64_t{3},
       .doc = "the newest so many stay; 0 = all",
       .min = 0,
       .max = kMaxSteps},
      {.name = "ema_decay",
       .fallback = 0.0,
       .doc = "of a moving average of the weights, evaluated and saved in their place; 0 = off",
       .min = 0,
       .max = 1},
      {.name = "batch_norm",
       .fallback = std::string("averaged"),
       .doc = "statistics: each worker's own, averaged or the first's (local) for evaluation; or all workers' together",
       .choices = {"averaged", "local", "synchronised"}},
      {.name = "dtype",
       .fallback = std::string("float32"),
       .doc = "of parameters and arithmetic",
       .choices = {"float32", "float64"}},
      {.name = "device",
       .fallback = std::string("auto"),
       .doc = "where the workers compute; auto = cuda where this build and machine have it, else cpu",
       .choices = {"auto", "cpu", "cuda"}},
      {.name = "precision",
       .fallback = std::string("float32"),
       .doc = "of products on a GPU: as dtype says, TensorFloat-32, or bfloat16 with float32 parameters",
       .choices = {"float32", "tf32", "bf16"}},
  };
  return kOptions;
}

namespace {

BatchStatistics statistics_named(const std::string& name) {
  if (name == "local") return BatchStatistics::kLocal;
  return name == "synchronised" ? BatchStatistics::kSynchronised : BatchStatistics::kAveraged;
}

void check_warmup(const TrainConfig& train) {
  if (train.batch_warmup_steps == 0 && train.batch_start > 0) {
    throw ConfigError("train.batch_start = " + std::to_string(train.batch_start) +
                      " means nothing without train.batch_warmup_steps");
  }
  if (train.batch_warmup_steps == 0 || (train.batch_start >= 1 && train.batch_start <= train.batch_size)) return;
  throw ConfigError("train.batch_start = " + std::to_string(train.batch_start) +
                    " is out of range; with train.batch_warmup_steps = " + std::to_string(train.batch_warmup_steps) +
                    " it must be in [1, train.batch_size = " + std::to_string(train.batch_size) + "]");
}

}  // namespace

TrainConfig train_config(const Options& options, std::int64_t train_size, std::int64_t workers) {
  TrainConfig train{.steps = options.integer("steps"),
                    .batch_size = options.integer("batch_size"),
                    .seed = static_cast<std::uint64_t>(options.integer("seed")),
                    .eval_every = options.integer("eval_every"),
                    .log_every = options.integer("log_every"),
                    .checkpoint_every = options.integer("checkpoint_every"),
                    .checkpoints_kept = options.integer("checkpoints_kept"),
                    .ema_decay = options.number("ema_decay"),
                    .batch_start = options.integer("batch_start"),
                    .batch_warmup_steps = options.integer("batch_warmup_steps"),
                    .statistics = statistics_named(options.text("batch_norm"))};
  check_warmup(train);
  if (train.ema_decay == 1.0) throw ConfigError("train.ema_decay = 1 never leaves the initial weights; give less");
  const double epochs = options.number("epochs");
  if ((train.steps > 0) == (epochs > 0.0)) {
    throw ConfigError(train.steps > 0 ? "train.steps and train.epochs are both given; give one, 0 turns the other off"
                                      : "neither train.steps nor train.epochs is given; give one, above 0");
  }
  if (epochs > 0.0) {
    const double samples = epochs * static_cast<double>(train_size);
    train.steps = train.batches().steps_for(samples, workers);
  }
  return train;
}

}  // namespace sac
