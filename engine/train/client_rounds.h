#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/train/client_draw.h"
#include "engine/train/federated_model.h"
#include "engine/train/server_link.h"
#include "engine/train/worker.h"

namespace sac {

/// A client's side of federated rounds: those drawn train H steps from the server's model and push the difference they
/// have made, compressed on request; the others are idle: they compute nothing, send nothing and take no model until
/// the round before their next one is over. The round that is under way when the run ends is closed early.
class ClientRounds {
 public:
  /// period, client_fraction and those of ServerLink.
  static std::vector<OptionSpec> options();

  /// @param strategy  for messages.  @throws ConfigError  options that contradict each other.
  ClientRounds(const Options& options, const std::string& strategy);

  [[nodiscard]] Traits traits(bool serial_alone) const {
    return {.server = true,
            .oblivious = link_.oblivious(),
            .serial_alone = serial_alone && link_.exact(),
            .on_death = OnDeath::kGoesOn};
  }
  /// Before the first step.  @param extra  elements that the server keeps besides the model, 0 at first.
  void prepare(Worker& worker, std::int64_t extra = 0);
  /// At the beginning of a step: a client whose round begins takes the server's model, in its own time.
  void begin(Worker& worker);
  /// Whether this client trains in this round.
  [[nodiscard]] bool takes_part() const { return takes_part_; }
  /// Of all clients, the share that trains in a round.
  [[nodiscard]] double share(const Worker& worker) const {
    return static_cast<double>(draw_.clients()) / worker.world_size();
  }
  /// What the server had at this round's start: the model, then what it keeps besides. [D + extra]
  [[nodiscard]] const at::Tensor& global() const { return global_; }
  [[nodiscard]] at::Tensor global_model(const Worker& worker) const {
    return global_.narrow(0, 0, worker.layout().parameter_count());
  }
  /// At the end of a step.  @return true where the round ends with it: then call close.
  bool ends(const Worker& worker);
  /// This client pushes what it has changed of global(), [D + extra]; nothing where it takes no part.
  void close(Worker& worker, const at::Tensor& change);
  /// The same of the model alone.
  void close(Worker& worker);
  [[nodiscard]] std::unique_ptr<ServerRule> serve(const ServerSetup& setup, const OuterConfig& outer = {}) const {
    return std::make_unique<FederatedModel>(options_, outer, setup);
  }
  void io(Archive& archive);

 private:
  void take_global(const Worker& worker);

  Options options_;
  std::int64_t period_;
  ServerLink link_;
  ClientDraw draw_;
  std::int64_t round_ = 0;
  std::int64_t steps_ = 0;
  bool takes_part_ = true;
  bool has_model_ = true;  ///< of this round's start
  at::Tensor global_;
};

}  // namespace sac
