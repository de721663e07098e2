#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "engine/comm/parameter_server.h"
#include "engine/nn/layout.h"

namespace sac {

class Archive;

/// Makes the update rule of shard `index`, which holds parameters [n].
using MakeRule = std::function<std::unique_ptr<ServerRule>(const at::Tensor& shard, int index)>;

/// One shard of the served model: its parameters, its rule, and how old the copy is that each worker has. The same on
/// every fabric; who calls it decides the order of updates.
class ServerShard {
 public:
  /// @param parameters  [n], changed in place.
  ServerShard(int index, at::Tensor parameters, const MakeRule& make_rule, int workers);

  [[nodiscard]] const at::Tensor& parameters() const { return parameters_; }

  /// Takes one worker's message in at `seconds` of the shard's clock and counts its staleness.
  void apply(const at::Tensor& update, int worker, const PushNote& note, double seconds);
  [[nodiscard]] bool may_read(int worker) const { return rule_->may_read(worker); }
  /// Copies the parameters to `out` [n]: the version that `worker` has from now on.
  void read(int worker, const at::Tensor& out);
  void leave(int worker) { version_ += rule_->leave(worker) ? 1 : 0; }
  void come_back(int worker) { rule_->come_back(worker); }
  [[nodiscard]] bool in_vain(int worker) const { return rule_->in_vain(worker); }

  [[nodiscard]] std::int64_t dropped() const { return rule_->dropped(); }
  /// Staleness -> number of updates.
  [[nodiscard]] const std::map<std::int64_t, std::int64_t>& staleness() const { return staleness_; }
  /// Everything but the parameters.
  void io(Archive& archive);

 private:
  at::Tensor parameters_;
  std::unique_ptr<ServerRule> rule_;
  std::int64_t version_ = 0;
  std::vector<std::int64_t> pulled_;  ///< version each worker has
  std::map<std::int64_t, std::int64_t> staleness_;
};

/// Shard `index` of `count` equal ones of a model with `size` elements; as ParameterServer::slices.
inline Range shard_range(std::int64_t size, std::int64_t index, std::int64_t count) {
  return {size * index / count, size * (index + 1) / count};
}

}  // namespace sac
