#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "engine/train/client_draw.h"
#include "engine/train/outer_optimizer.h"
#include "engine/train/server_link.h"

namespace sac {

/// The server of federated rounds: once all clients of a round have pushed their differences, the model takes the outer
/// optimiser's step along their mean, summed in order of rank; a client reads when the round before its next one is
/// over. Rounds do not wait for clients that have left; without any other the model stays as it is.
class FederatedModel final : public ServerRule {
 public:
  /// @param options  hold client_fraction and those of Compressor.
  FederatedModel(const Options& options, const OuterConfig& outer, const ServerSetup& setup);

  bool apply(const ServerUpdate& update) override;
  [[nodiscard]] bool may_read(int worker) const override { return rounds_ >= next_[static_cast<std::size_t>(worker)]; }
  void read(int worker) override;
  bool leave(int worker) override;
  void come_back(int worker) override { absent_[static_cast<std::size_t>(worker)] = 0; }
  void io(Archive& archive) override { archive.io(pushes_, outer_, differences_, absent_, rounds_, next_); }

 private:
  bool advance();
  [[nodiscard]] bool complete() const;
  bool close_round();

  ClientDraw draw_;
  ReceivedPushes pushes_;
  OuterOptimizer outer_;
  at::Tensor parameters_;
  std::vector<at::Tensor> differences_;  ///< of this round, a worker; undefined where it has none
  std::vector<std::uint8_t> absent_;
  std::int64_t rounds_ = 0;         ///< over
  std::vector<std::int64_t> next_;  ///< the round for which each worker reads next
};

}  // namespace sac
