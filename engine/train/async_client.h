#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "engine/train/server_link.h"
#include "engine/train/staleness_weight.h"
#include "engine/train/strategy.h"

namespace sac {

/// What asynchronous federated strategies share: a client trains H steps from the server's model, pushes the difference
/// x_k - x_read that it has made, compressed on request, and goes on from the server's answer. What is left when the
/// run ends is pushed, too. The server's rule is the strategy's.
class AsyncClient : public Strategy {
 public:
  /// period, and those of StalenessWeight and ServerLink.
  static std::vector<OptionSpec> options(const std::string& stale_weight);

  /// @param name  for messages.  @throws ConfigError  options that contradict each other.
  AsyncClient(const Options& options, const std::string& name);

  [[nodiscard]] Traits traits() const override {
    return {.server = true,
            .deterministic = false,
            .oblivious = link_.oblivious(),
            .serial_alone = false,
            .on_death = OnDeath::kGoesOn};
  }
  void prepare(Worker& worker) override;
  void step(Worker& worker) override;
  ConsensusShare consensus(Worker& /*worker*/) override { return ConsensusShare::server(); }
  void io(Archive& archive, Worker& worker) override;

 protected:
  [[nodiscard]] const Options& given() const { return options_; }
  [[nodiscard]] bool exact() const { return link_.exact(); }

 private:
  Options options_;
  std::int64_t period_;
  ServerLink link_;
  at::Tensor read_;  ///< x_read, [D]
};

}  // namespace sac
