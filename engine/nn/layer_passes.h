#pragma once
#include <ATen/core/Tensor.h>

#include <utility>
#include <vector>

#include "engine/nn/layer_range.h"
#include "engine/nn/model.h"
#include "engine/nn/workspace.h"
#include "engine/parallel/parallel.h"

namespace sac {

/// One replica's views of some layers, and passes over them in workspaces of the caller's: as many at a time as there
/// are workspaces. The range must outlive it.
class LayerPasses {
 public:
  /// @param gradients  [D], or undefined where there will be no way back.  @param adds  backward may be asked to add.
  /// @throws std::logic_error  a flat tensor's size or dtype is not the range's.
  LayerPasses(const LayerRange& range, const Numerics& numerics, const at::Tensor& parameters,
              const at::Tensor& gradients, const at::Tensor& buffers, bool adds = false);

  /// See Network::synchronise.
  void synchronise(const SumOverWorkers& sum) {
    sum_ = [sum](const at::Tensor& tensor) {
      const ThreadScope one(1);  // whoever waits there may be the one who lets the world go on
      sum(tensor);
    };
  }
  [[nodiscard]] bool trains() const { return trains_; }
  [[nodiscard]] bool aten() const { return aten_; }  ///< by ATen's kernels
  /// @param input  what the first layer takes.  @return the last layer's output.
  at::Tensor forward(Workspace& workspace, const at::Tensor& input, bool training) const;
  /// @param gradient  of the output.  @param add  to what the gradients [D] hold, instead of overwriting it.
  /// @return the gradient of the input; undefined where the range leads.
  at::Tensor backward(Workspace& workspace, at::Tensor gradient, const GradientReady& ready, bool add = false) const;

 private:
  /// ATen's own kernels may cut sums by threads, ours do not.
  [[nodiscard]] int threads() const { return aten_ ? 1 : operation_threads(); }
  void add_up(std::size_t layer) const;
  [[nodiscard]] const SumOverWorkers* sum() const { return sum_ ? &sum_ : nullptr; }

  const LayerRange* range_;
  std::vector<LayerViews> views_;   ///< a layer
  std::vector<LayerViews> beside_;  ///< the same with the gradients in `summand_`; empty unless backward adds
  at::Tensor parameters_;
  at::Tensor gradients_;
  at::Tensor summand_{};  ///< of one layer at a time
  at::Tensor low_{};      ///< [D], the parameters in bfloat16, taken anew for each pass; undefined in other numerics
  SumOverWorkers sum_{};  ///< empty where statistics are each worker's own
  bool trains_;
  bool aten_;
};

}  // namespace sac
