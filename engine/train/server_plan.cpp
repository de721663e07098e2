#include "engine/train/server_plan.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include "engine/core/error.h"

namespace sac {

ServerPlan plan_server(Strategy& strategy, const Job& job, const at::TensorOptions& options, std::int64_t shards) {
  const bool replicated = strategy.traits().replicated;
  if (replicated && shards != 1) {
    throw ConfigError("cluster.server.shards = " + std::to_string(shards) +
                      ": this strategy keeps one whole model beside each worker; leave it at 1");
  }
  const Layout& layout = job.model->layout();
  const at::Tensor whole = at::empty({layout.parameter_count()}, options);
  job.model->initialise(whole, at::empty({layout.buffer_count()}, options), job.train.seed);
  const at::Tensor model = strategy.served(layout).pack(whole);
  const at::Tensor served = at::cat({model, at::zeros({strategy.served_besides(layout)}, options)});
  const auto workers = static_cast<int>(job.workers);
  return {.model = replicated ? served.repeat({job.workers}) : served,
          .shards = replicated ? workers : static_cast<int>(shards),
          .make_rule = [&strategy, &job, workers](const at::Tensor& shard, int index) {
            return strategy.serve({.parameters = shard,
                                   .optimizer = job.optimizer,
                                   .workers = workers,
                                   .shard = index,
                                   .seed = job.train.seed});
          }};
}

}  // namespace sac
