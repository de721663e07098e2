#pragma once
#include <memory>
#include <string>
#include <vector>

#include "engine/train/served_model.h"
#include "engine/train/server_link.h"
#include "engine/train/strategy.h"

namespace sac {

/// What all parameter-server strategies share: a worker computes a gradient, pushes it, compressed on request, and goes
/// on from the server's answer; a policy says when the server changes the model and who waits. Elements that the server
/// does not hold (Strategy::served) are the worker's own, moved by its own optimiser.
class ServerStrategy : public Strategy {
 public:
  /// Those of ServedModel and ServerLink.
  static std::vector<OptionSpec> options();

  /// @param name  for messages.  @throws ConfigError  options that contradict each other.
  ServerStrategy(const Options& options, const std::string& name, const ServerPolicy& policy);

  [[nodiscard]] Traits traits() const override;
  /// @throws ConfigError  the policy needs more workers than there are.
  void prepare(Worker& worker) override;
  void step(Worker& worker) override;
  ConsensusShare consensus(Worker& worker) override;
  std::unique_ptr<ServerRule> serve(const ServerSetup& setup) override;
  void io(Archive& archive, Worker& worker) override;

 private:
  Options options_;
  std::string name_;
  ServerPolicy policy_;
  ServerLink link_;
  Slices shared_;  ///< what the server holds
  bool whole_ = true;
};

}  // namespace sac
