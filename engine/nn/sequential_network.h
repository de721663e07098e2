#pragma once
#include <memory>
#include <vector>

#include "engine/nn/sequential.h"

namespace sac {

/// One replica of a Sequential: its views of the flat tensors. Passes run in workspaces borrowed from the model.
class SequentialNetwork final : public Network {
 public:
  /// @throws std::logic_error  a flat tensor's size or dtype is not the model's.
  SequentialNetwork(std::shared_ptr<const Sequential> model, const at::Tensor& parameters, const at::Tensor& gradients,
                    const at::Tensor& buffers);

  LossValue compute_gradients(const Batch& batch, const GradientReady& ready) override;
  EvalSums evaluate(const Batch& batch) override;

 private:
  [[nodiscard]] LossValue compute_by_aten(const Batch& batch, const GradientReady& ready) const;
  [[nodiscard]] EvalSums evaluate_by_aten(const Batch& batch) const;
  [[nodiscard]] std::vector<std::int64_t> target_shape(std::int64_t batch) const;
  void check(const Batch& batch) const;
  /// Logits [targets, classes].
  at::Tensor forward(Workspace& workspace, const at::Tensor& inputs, bool training) const;
  void backward(Workspace& workspace, const GradientReady& ready) const;

  std::shared_ptr<const Sequential> model_;
  std::vector<LayerViews> views_;  ///< a layer
  at::Tensor parameters_;
  at::Tensor low_{};  ///< [D], the parameters in bfloat16, taken anew for each pass; undefined in other numerics
  bool trains_;
  bool aten_;
};

}  // namespace sac
