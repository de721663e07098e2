#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/core/options.h"
#include "engine/core/registry.h"
#include "engine/train/archive.h"
#include "engine/train/slices.h"
#include "engine/train/worker.h"

namespace sac {

/// What becomes of the others where a worker dies.
enum class OnDeath {
  kStalls,   ///< they wait for it
  kCanGoOn,  ///< they wait for it, or go on without it, for all they share is all-reduced: cluster.on_failure
  kGoesOn,   ///< nobody waits for it
};

/// The same in a reader's words.
const char* on_death_text(OnDeath on_death);

/// What a strategy needs of a fabric, so that an impossible pairing is refused before step 0.
struct Traits {
  bool server = false;        ///< needs a parameter server
  bool replicated = false;    ///< its shards are whole models, one a worker and beside it
  bool deterministic = true;  ///< on real fabrics too: its iterates do not depend on timing
  bool oblivious = false;    ///< when and what it sends never depends on losses or values: its time can be told without
                             ///< computing them
  bool serial_alone = true;  ///< with one worker it is serial SGD (whatever the optimiser)
  bool every_step = true;    ///< every worker computes one gradient in every step
  bool drops = false;        ///< work that comes too late is thrown away: how much is sent depends on timing
  OnDeath on_death = OnDeath::kStalls;
};

/// What the rule of one server shard starts from.
struct ServerSetup {
  at::Tensor parameters;       ///< the shard's, [n]; changed in place
  OptimizerFactory optimizer;  ///< makes the run's optimiser
  int workers = 1;
  int shard = 0;  ///< its index
  std::uint64_t seed = 0;
};

/// A way for data-parallel workers to agree. One object a worker, used by that worker's thread alone.
class Strategy {
 public:
  virtual ~Strategy() = default;
  [[nodiscard]] virtual Traits traits() const { return {}; }
  /// Once, before the first step (and after a resume): all replicas hold the same initial model.
  virtual void prepare(Worker& worker) { (void)worker; }
  /// One step: compute, communicate, update, in the algorithm's own order.
  virtual void step(Worker& worker) = 0;
  /// This worker's share of the model that is evaluated: the mean over all shares. Default: every replica counts.
  virtual ConsensusShare consensus(Worker& worker) { return ConsensusShare::replica(worker.parameters()); }
  /// The elements that live on the server: everything unless said otherwise. The shards deal out these, packed.
  [[nodiscard]] virtual Slices served(const Layout& layout) const { return Slices({{0, layout.parameter_count()}}); }
  /// Elements that the server keeps besides, after the served ones, initially 0.
  [[nodiscard]] virtual std::int64_t served_besides(const Layout& /*layout*/) const { return 0; }
  /// The update rule of one server shard; called before the first step for strategies whose traits ask for a server.
  virtual std::unique_ptr<ServerRule> serve(const ServerSetup& setup);
  /// Writes or reads what the strategy carries from step to step; called at step boundaries, after prepare.
  virtual void io(Archive& archive, Worker& worker) {
    (void)archive;
    (void)worker;
  }
};

struct StrategyEntry {
  static constexpr const char* kThing = "strategy";
  std::string name;     ///< snake_case, equal to the file name
  std::string summary;  ///< one line
  std::string source;   ///< paper
  std::string rule;     ///< the update, one line
  std::string cost;     ///< messages and bytes a step and worker
  std::vector<OptionSpec> options;
  /// @throws ConfigError  options that contradict each other.
  std::function<std::unique_ptr<Strategy>(const Options&)> make;
};

}  // namespace sac
