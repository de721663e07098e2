#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "engine/train/archive.h"
#include "engine/train/config.h"
#include "engine/train/endpoint.h"

namespace sac {

/// What the workers give to one evaluation, put together: the mean over the shares of each stage, in the order in which
/// they came, one stage after the other.
class Ballot {
 public:
  void add(const Contribution& contribution, BatchStatistics statistics);

  [[nodiscard]] bool server() const { return server_; }  ///< somebody votes for the server's model
  [[nodiscard]] std::int64_t replicas() const;           ///< that have a share
  [[nodiscard]] at::Tensor mean() const;                 ///< [D]; undefined without shares
  /// mean_k |x_k - mean|
  [[nodiscard]] double distance(const at::Tensor& mean) const;
  [[nodiscard]] at::Tensor buffers() const;  ///< [S], the mean over the workers, or local: the first one's
  void io(Archive& archive) { archive.io(server_, stages_); }

 private:
  struct Stage {
    std::vector<at::Tensor> shares{};
    std::vector<std::int64_t> whose{};  ///< replicas
    at::Tensor buffers{};               ///< the sum of so many workers'
    std::int64_t summed = 0;
    std::int64_t first = 0;  ///< the lowest of their replicas
    void io(Archive& archive) { archive.io(shares, whose, buffers, summed, first); }
  };

  bool server_ = false;
  std::vector<Stage> stages_{};
};

}  // namespace sac
