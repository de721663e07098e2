#pragma once
#include <cstdint>
#include <optional>

#include "engine/compress/powersgd.h"
#include "engine/train/kept_back.h"
#include "engine/train/slices.h"
#include "engine/train/worker.h"

namespace sac {

/// One rank's part in means over ranks through low-rank matrices: PowerSgd, and what it has kept back.
class LowRankMean {
 public:
  LowRankMean() = default;
  /// codec_rank, codec_iterations and those of KeptBack.
  explicit LowRankMean(const Options& options)
      : rank_(options.integer("codec_rank")), iterations_(options.integer("codec_iterations")), kept_(options) {}

  /// values [n] become the mean over comm's ranks.  @param elements  of the model that they hold, the same at every
  /// call.
  void apply(Worker& worker, Communicator& comm, const Slices& elements, const at::Tensor& values, double unit);
  [[nodiscard]] const at::Tensor& kept() const { return kept_.memory(); }
  void io(Archive& archive);

 private:
  std::int64_t rank_ = 1, iterations_ = 1;
  KeptBack kept_;
  std::optional<PowerSgd> power_;  ///< since the first exchange
  at::Tensor memory_;              ///< where it starts from after a resume
};

}  // namespace sac
