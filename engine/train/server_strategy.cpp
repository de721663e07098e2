#include "engine/train/server_strategy.h"

#include "engine/core/error.h"

namespace sac {

std::vector<OptionSpec> ServerStrategy::options() { return joined({ServedModel::options(), Compressor::options()}); }

OptionSpec gradients_option() {
  return {.name = "gradients",
          .fallback = std::int64_t{0},
          .doc = "averaged for a change of the model, n; 0 = one a worker",
          .min = 0,
          .max = 65536};
}

ServerStrategy::ServerStrategy(const Options& options, const std::string& name, const ServerPolicy& policy)
    : options_(options), name_(name), policy_(policy) {
  const Compressor compressor(options, Route::kServer);
  if (compressor.active() && compressor.keeps_mean()) {
    throw ConfigError("strategy '" + name +
                      "': error_feedback_rule = \"ef21\" needs every worker's word in every exchange; use \"ef\"");
  }
}

Traits ServerStrategy::traits() const {
  const bool plain = options_.text("codec") == "none" && policy_.gradients <= 1;
  return {.server = true,
          .deterministic = false,
          .oblivious = options_.text("codec_entropy") == "none",
          .serial_alone = plain,
          .drops = policy_.late_dropped,
          .on_death = OnDeath::kGoesOn};
}

void ServerStrategy::prepare(Worker& worker) {
  if (policy_.pushers_wait && policy_.gradients > worker.world_size()) {
    throw ConfigError("strategy '" + name_ + "': gradients = " + std::to_string(policy_.gradients) +
                      " is more than cluster.workers = " + std::to_string(worker.world_size()) +
                      ", each of which waits for its own to be used");
  }
  if (options_.text("codec") == "none") return;
  for (int shard = 0; shard < worker.server().shards(); ++shard) compressors_.emplace_back(options_, Route::kServer);
}

void ServerStrategy::step(Worker& worker) {
  ParameterServer& server = worker.server();
  if (!policy_.late_dropped) {
    worker.compute_gradients();
  } else if (!worker.try_gradients()) {
    return server.pull(worker.parameters());
  }
  std::vector<at::Tensor> messages = server.slices(worker.gradients());
  for (std::size_t shard = 0; shard < compressors_.size(); ++shard) {
    messages[shard] = compressors_[shard].encode(worker, messages[shard], worker.lr());
  }
  server.exchange(messages, worker.lr(), server.slices(worker.parameters()));
}

ConsensusShare ServerStrategy::consensus(Worker& /*worker*/) { return ConsensusShare::server(); }

std::unique_ptr<ServerRule> ServerStrategy::serve(const ServerSetup& setup) {
  return std::make_unique<ServedModel>(options_, policy_, setup);
}

void ServerStrategy::io(Archive& archive, Worker& /*worker*/) {
  for (Compressor& compressor : compressors_) compressor.io(archive);
}

}  // namespace sac
