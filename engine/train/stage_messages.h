#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "engine/comm/communicator.h"
#include "engine/nn/loss_value.h"

namespace sac {

/// Messages from a neighbour in a pipeline, one a micro-batch, tagged with its number. Each is asked for while the one
/// before it is worked on.
class StageInbox {
 public:
  StageInbox(Communicator& comm, int source) : comm_(&comm), source_(source) {}

  /// A step begins.  @param elements  of each message.
  void expect(std::vector<std::int64_t> elements, const at::TensorOptions& options);
  /// Waits for the next one.
  at::Tensor next();

 private:
  void ask();

  Communicator* comm_;
  int source_;
  std::vector<std::int64_t> elements_{};
  at::TensorOptions options_{};
  std::size_t asked_ = 0;
  at::Tensor message_{};
  WorkPtr work_{};
};

/// Messages to a neighbour.
class StageOutbox {
 public:
  /// @param most  messages under way: by the time another is sent, the first has been used by its receiver.
  StageOutbox(Communicator& comm, int destination, std::size_t most)
      : comm_(&comm), destination_(destination), most_(most) {}

  /// @param message  must not change before it has arrived.
  void send(const at::Tensor& message);
  /// The step is over: waits until all have arrived.
  void finish();

 private:
  Communicator* comm_;
  int destination_;
  std::size_t most_;
  int sent_ = 0;
  std::deque<WorkPtr> works_{};
};

/// What travels back: the gradient of an activation and, in the 16 bytes before it, what every stage is to know of the
/// micro-batch and of the stages behind it.
class GradientMessage {
 public:
  /// @param dtype  of activations.  @return its length for an activation of `elements` numbers.
  static std::int64_t length(std::int64_t elements, at::ScalarType dtype);

  /// One that has come, or memory for one to be sent.
  explicit GradientMessage(at::Tensor message);

  [[nodiscard]] const at::Tensor& whole() const { return message_; }
  [[nodiscard]] at::Tensor gradient() const;
  /// The micro-batch's share of the mini-batch's mean loss.
  [[nodiscard]] LossValue loss() const;
  /// Seconds that the sender and the stages behind it have computed in this step: float64, without dimensions.
  [[nodiscard]] at::Tensor busy() const;
  /// @param busy  the sender's own seconds.  @param behind  what it was told itself; undefined in the last stage.
  void say(const LossValue& loss, double busy, const at::Tensor& behind) const;

 private:
  at::Tensor message_;
  at::Tensor said_;  ///< float64 [2], a view
};

}  // namespace sac
