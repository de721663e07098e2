#pragma once
#include <cstdint>

#include "engine/train/executor.h"
#include "engine/train/server_shard.h"

namespace sac {

/// The parameter server that a strategy asks for, the same on every fabric.
struct ServerPlan {
  at::Tensor model;  ///< what the shards hold at first, one after the other: equal parts, or a whole model each
  int shards = 1;
  MakeRule make_rule;
};

/// @param strategy  outlives the plan.  @param options  of the server's tensors.  @param shards  as configured.
/// @throws ConfigError  several shards for a strategy that has one a worker.
ServerPlan plan_server(Strategy& strategy, const Job& job, const at::TensorOptions& options, std::int64_t shards);

}  // namespace sac
