#include "engine/train/config.h"

#include <cmath>
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

TrainConfig train_config(const Options& options, std::int64_t train_size, std::int64_t workers) {
  TrainConfig train{.steps = options.integer("steps"),
                    .batch_size = options.integer("batch_size"),
                    .seed = static_cast<std::uint64_t>(options.integer("seed")),
                    .eval_every = options.integer("eval_every"),
                    .log_every = options.integer("log_every"),
                    .checkpoint_every = options.integer("checkpoint_every"),
                    .checkpoints_kept = options.integer("checkpoints_kept"),
                    .ema_decay = options.number("ema_decay")};
  if (train.ema_decay == 1.0) throw ConfigError("train.ema_decay = 1 never leaves the initial weights; give less");
  const double epochs = options.number("epochs");
  if ((train.steps > 0) == (epochs > 0.0)) {
    throw ConfigError(train.steps > 0 ? "train.steps and train.epochs are both given; give one, 0 turns the other off"
                                      : "neither train.steps nor train.epochs is given; give one, above 0");
  }
  if (epochs > 0.0) {
    const double samples = epochs * static_cast<double>(train_size);
    train.steps = static_cast<std::int64_t>(std::ceil(samples / static_cast<double>(workers * train.batch_size)));
  }
  return train;
}

}  // namespace sac
