#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/train/gradient_count.h"
#include "engine/train/server_link.h"
#include "engine/train/stale_gradients.h"
#include "engine/train/worker_clocks.h"

namespace sac {

/// When a server changes the model and who waits: all parameter-server strategies are cases of this.
struct ServerPolicy {
  GradientCount count{};      ///< averaged for one change, n
  bool pushers_wait = false;  ///< a worker reads once its gradient is in the model
  bool late_dropped = false;  ///< a gradient of any but the newest model is thrown away, and called off where that goes
  ClockGap clock_gap{};       ///< how far ahead of the slowest a worker may be that reads
};

/// The rule of one shard: decodes what workers push, corrects what is late, averages n gradients and takes one step of
/// the run's optimiser.
class ServedModel final : public ServerRule {
 public:
  /// Those of StaleGradients and gradient_weight.
  static std::vector<OptionSpec> options();

  ServedModel(const Options& options, const ServerPolicy& policy, const ServerSetup& setup);
  /// One whose changes count 1/K of a step, without remedies.  @param options  hold those of Compressor.
  static std::unique_ptr<ServedModel> of_shares(const Options& options, const ServerPolicy& policy,
                                                const ServerSetup& setup);

  bool apply(const ServerUpdate& update) override;
  [[nodiscard]] bool may_read(int worker) const override;
  void read(int worker) override;
  bool leave(int worker) override;
  void come_back(int worker) override;
  [[nodiscard]] bool in_vain(int worker) const override;
  [[nodiscard]] std::int64_t dropped() const override { return dropped_; }
  void io(Archive& archive) override;

 private:
  static constexpr std::int64_t kNothing = -1;
  struct Client {
    std::int64_t read_at = 0;           ///< changes made when it last read
    std::int64_t waits_for = kNothing;  ///< the change that holds its gradient
    void io(Archive& archive) { archive.io(read_at, waits_for); }
  };

  [[nodiscard]] Client& client(int worker) { return clients_[static_cast<std::size_t>(worker)]; }
  [[nodiscard]] const Client& client(int worker) const { return clients_[static_cast<std::size_t>(worker)]; }
  [[nodiscard]] std::int64_t needed() const;
  bool step_when_complete();
  bool drop() {
    ++dropped_;
    return false;
  }

  ServerPolicy policy_;
  WorkerClocks clocks_;
  ReceivedPushes pushes_;
  StaleGradients stale_;
  double weight_;  ///< of a change
  at::Tensor parameters_, gradient_;
  std::unique_ptr<Optimizer> optimizer_;
  std::vector<Client> clients_;
  std::int64_t changes_ = 0;
  std::int64_t dropped_ = 0;    ///< gradients thrown away
  std::int64_t collected_ = 0;  ///< gradients in gradient_
  double lr_ = 0.0;             ///< of the last gradient
};

}  // namespace sac
