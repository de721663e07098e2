#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>

#include "engine/nn/model.h"

namespace sac {

/// What a micro-batch's way forward through a stage gives.
struct StageOutput {
  at::Tensor activation{};  ///< [count * outgoing], for the next stage, valid until the way back; undefined in the last
  LossValue loss{};         ///< of the last stage: its share of the mini-batch's mean loss
};

/// One replica of a stage bound to flat tensors it does not own: passes of several micro-batches at a time, each in a
/// slot of its own from its way forward to its way back. Not thread-safe.
class StageNetwork {
 public:
  virtual ~StageNetwork() = default;
  /// In training mode; updates the buffers.
  /// @param batch  the micro-batch, where Stage::takes_batch.  @param count  its samples.  @param share  of the
  /// mini-batch that it is.
  /// @param activation  [count * incoming], what the stage before gave; becomes the network's; undefined in the first.
  virtual StageOutput forward(int slot, const Batch& batch, std::int64_t count, double share,
                              const at::Tensor& activation) = 0;
  /// @param gradient  [count * outgoing], of the mini-batch's mean loss; undefined in the last stage.
  /// @param add  to the gradients [D] instead of overwriting them.  @param ready  called as in Network.
  /// @param incoming  [count * incoming], becomes the gradient of the incoming activation; undefined in the first
  /// stage.
  virtual void backward(int slot, const at::Tensor& gradient, bool add, const GradientReady& ready,
                        const at::Tensor& incoming) = 0;
};

/// A run of a model's layers that one worker of a pipeline holds. Immutable; shared by replicas.
class Stage {
 public:
  virtual ~Stage() = default;
  /// Of its layers, from element 0 on.
  [[nodiscard]] virtual const Layout& layout() const = 0;
  [[nodiscard]] virtual Range parameters() const = 0;              ///< which elements of the model's they are
  [[nodiscard]] virtual Range buffers() const = 0;                 ///< the same of the buffers
  [[nodiscard]] virtual at::ScalarType message_dtype() const = 0;  ///< of activations
  [[nodiscard]] virtual std::int64_t incoming() const = 0;  ///< numbers a sample from the stage before; 0 = the first
  [[nodiscard]] virtual std::int64_t outgoing() const = 0;  ///< numbers a sample for the next stage; 0 = the last
  [[nodiscard]] virtual bool takes_batch() const = 0;       ///< needs inputs or targets
  /// @param slots  micro-batches on their way at a time.
  [[nodiscard]] virtual std::unique_ptr<StageNetwork> bind(const at::Tensor& parameters, const at::Tensor& gradients,
                                                           const at::Tensor& buffers, int slots) const = 0;
};

}  // namespace sac
