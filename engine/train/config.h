#pragma once
#include <cstdint>
#include <vector>

#include "engine/core/batch_schedule.h"
#include "engine/core/options.h"

namespace sac {

/// Whose batch-normalisation statistics an evaluation goes by, and what a mini-batch is normalised by.
enum class BatchStatistics {
  kAveraged,      ///< each worker's own mini-batch; the mean over the workers' running statistics
  kLocal,         ///< each worker's own mini-batch; the first worker's running statistics, as DistributedDataParallel's
  kSynchronised,  ///< all workers' mini-batches together, as torch.nn.SyncBatchNorm
};

/// The [train] table.
struct TrainConfig {
  std::int64_t steps = 0;        ///< a worker; resolved (from epochs when steps = 0)
  std::int64_t batch_size = 32;  ///< a worker
  std::uint64_t seed = 0;
  std::int64_t eval_every = 0;          ///< steps; 0 = only at the end
  std::int64_t log_every = 10;          ///< steps a point of train_loss
  std::int64_t checkpoint_every = 0;    ///< steps; 0 = only when stopped
  std::int64_t checkpoints_kept = 3;    ///< the newest so many stay; 0 = all
  double ema_decay = 0.0;               ///< of the weights' moving average, which is evaluated; 0 = off
  std::int64_t batch_start = 0;         ///< samples a worker at step 0
  std::int64_t batch_warmup_steps = 0;  ///< from batch_start to batch_size; 0 = always batch_size
  BatchStatistics statistics = BatchStatistics::kAveraged;

  [[nodiscard]] BatchSchedule batches() const { return {batch_start, batch_size, batch_warmup_steps}; }
};

/// steps, epochs, batch_size, seed, eval_every, log_every, checkpoint_every, checkpoints_kept, ema_decay,
/// batch_start, batch_warmup_steps, batch_norm ("averaged" | "local" | "synchronised"),
/// dtype ("float32" | "float64"), device ("auto" | "cpu" | "cuda"), precision
/// ("float32" | "tf32" | "bf16").
const std::vector<OptionSpec>& train_options();

/// @param train_size  samples; resolves epochs to steps: the fewest whose batches have epochs * train_size
///                    samples.
/// @throws ConfigError  both or neither of steps and epochs given; a batch_start outside [1, batch_size] with a
/// warm-up.
TrainConfig train_config(const Options& options, std::int64_t train_size, std::int64_t workers);

}  // namespace sac
