#include "engine/train/server_strategy.h"

#include "engine/core/error.h"

namespace sac {

std::vector<OptionSpec> ServerStrategy::options() { return joined({ServedModel::options(), ServerLink::options()}); }

ServerStrategy::ServerStrategy(const Options& options, const std::string& name, const ServerPolicy& policy)
    : options_(options), name_(name), policy_(policy), link_(options, name) {}

Traits ServerStrategy::traits() const {
  return {.server = true,
          .deterministic = false,
          .oblivious = link_.oblivious() && !policy_.count.follows_loss(),
          .serial_alone = link_.exact() && policy_.count.base() <= 1,
          .drops = policy_.late_dropped,
          .on_death = OnDeath::kGoesOn};
}

void ServerStrategy::prepare(Worker& worker) {
  if (policy_.pushers_wait && policy_.count.base() > worker.world_size()) {
    throw ConfigError("strategy '" + name_ + "': gradients = " + std::to_string(policy_.count.base()) +
                      " is more than cluster.workers = " + std::to_string(worker.world_size()) +
                      ", each of which waits for its own to be used");
  }
  link_.prepare(worker);
  shared_ = served(worker.layout());
  whole_ = shared_.size() == worker.layout().parameter_count();
}

void ServerStrategy::step(Worker& worker) {
  if (!policy_.late_dropped) {
    worker.compute_gradients();
  } else if (!worker.try_gradients()) {
    return worker.server().pull(worker.parameters());
  }
  const PushNote note{.lr = worker.lr(), .loss = policy_.count.follows_loss() ? worker.last_loss().value() : 0.0};
  if (!whole_) worker.update();
  link_.push_pull(worker, shared_, note);
}

ConsensusShare ServerStrategy::consensus(Worker& worker) {
  return whole_ ? ConsensusShare::server() : ConsensusShare::around_server(worker.parameters());
}

std::unique_ptr<ServerRule> ServerStrategy::serve(const ServerSetup& setup) {
  return std::make_unique<ServedModel>(options_, policy_, setup);
}

void ServerStrategy::io(Archive& archive, Worker& /*worker*/) { link_.io(archive); }

}  // namespace sac
