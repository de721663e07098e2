#pragma once
#include <memory>

#include "engine/nn/layer_passes.h"
#include "engine/nn/sequential.h"

namespace sac {

/// One replica of a Sequential. Passes run in workspaces borrowed from the model.
class SequentialNetwork final : public Network {
 public:
  /// @throws std::logic_error  a flat tensor's size or dtype is not the model's.
  SequentialNetwork(std::shared_ptr<const Sequential> model, const at::Tensor& parameters, const at::Tensor& gradients,
                    const at::Tensor& buffers);

  LossValue compute_gradients(const Batch& batch, const GradientReady& ready) override;
  void synchronise(SumOverWorkers sum) override { passes_.synchronise(sum); }
  EvalSums evaluate(const Batch& batch) override;

 private:
  LossValue compute_gradients(Workspace& workspace, const Batch& batch, const GradientReady& ready) const;
  [[nodiscard]] EvalSums evaluate_by_aten(const Batch& batch) const;

  std::shared_ptr<const Sequential> model_;
  LayerPasses passes_;
};

}  // namespace sac
