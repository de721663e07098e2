#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/nn/model.h"

namespace sac {

/// Values of a fresh tensor: uniform in [low, high), or normal about `low` where `deviation` > 0; else low = high fills
/// with that number and draws nothing.
struct Fill {
  double low = 0.0;
  double high = 0.0;
  double deviation = 0.0;
};

/// One tensor that a layer owns inside a flat one, contiguous in `shape`'s order.
struct TensorSpec {
  std::string name;  ///< "weight"
  std::vector<std::int64_t> shape;
  Fill fill;
};

/// A layer's part in a skip connection.
enum class SkipRole { kNone, kOpens, kCloses };

/// What a layer is, before it is bound to memory. FLOPs are a sample's; a multiply-add counts 2, an elementwise
/// operation 1.
struct LayerSpec {
  std::string name{};                    ///< "conv1"; empty without parameters
  std::vector<TensorSpec> parameters{};  ///< the weight first
  std::vector<TensorSpec> buffers{};
  SampleShape output{};
  double forward_flops = 0.0;
  double backward_flops = 0.0;        ///< without the input gradient where that can be left out
  double input_gradient_flops = 0.0;  ///< left out by the first layer that owns parameters
  bool takes_tokens = false;          ///< ids instead of numbers
  bool hides_padding = false;         ///< sets BatchContext::padding, by the batch's tokens
  bool draws = false;                 ///< at random in training, by BatchContext::place
  SkipRole skip = SkipRole::kNone;
  bool row = false;  ///< the output is [B, F], and so are those of the layers after it
};

/// One replica's views of one layer, in the order of its LayerSpec.
struct LayerViews {
  std::vector<at::Tensor> parameters;
  std::vector<at::Tensor> gradients;  ///< empty in a network that only evaluates
  std::vector<at::Tensor> buffers;
  std::vector<at::Tensor> low;  ///< the parameters in bfloat16, where products are taken in it; else empty
};

/// What one layer leaves for its backward pass, reused from call to call.
struct LayerSpace {
  at::Tensor input;                 ///< set by the network, as is `output`
  at::Tensor output;                ///< may share memory with `input` (layers in place)
  at::Tensor gradient;              ///< of the input, where the layer needs memory for it
  at::Tensor statistics;            ///< batch normalisation: [2, C], mean and 1 / standard deviation
  double rows = 0.0;                ///< that they were taken of
  std::vector<at::Tensor> saved;    ///< what an ATen kernel wants to see again on the way back
  std::int64_t implementation = 0;  ///< which of ATen's batch normalisations ran
  std::vector<LayerSpace> inner;    ///< of the layer that this one wraps, where it does
};

/// The one open skip connection of a residual network.
struct Skip {
  at::Tensor value;     ///< on the way forward
  at::Tensor gradient;  ///< on the way back
};

/// What the layers that a batch passes know of it beside the activations.
struct BatchContext {
  Skip skip{};
  at::Tensor padding{};  ///< of token sequences: [B, 1, 1, T], minus infinity there, else 0; undefined without padding
  SamplePlace place{};   ///< which samples they are
};

/// What one call of a layer works on.
struct Pass {
  const LayerViews& views;
  LayerSpace& space;
  BatchContext& batch;
  bool training;
  bool aten = false;  ///< by ATen's kernels, as on every device but the CPU; else by the loops of kernels.h
  const SumOverWorkers* sum = nullptr;  ///< for statistics over all workers' mini-batches; null = over this one's

  /// Parameter `index` in the dtype of the activations.
  [[nodiscard]] const at::Tensor& weight(std::size_t index) const {
    return views.low.empty() ? views.parameters[index] : views.low[index];
  }
};

/// A layer: explicit forward and backward, no state of its own, so that replicas and threads share it.
/// Activations are contiguous [B, H, W, C] (token sequences: [B, 1, T, C]) or [B, F]; gradients have their shape.
class Layer {
 public:
  explicit Layer(LayerSpec spec) : spec_(std::move(spec)) {}
  virtual ~Layer() = default;
  Layer(const Layer&) = delete;
  Layer& operator=(const Layer&) = delete;

  [[nodiscard]] const LayerSpec& spec() const { return spec_; }

  /// The output; may overwrite `input`.
  virtual at::Tensor forward(const Pass& pass, const at::Tensor& input) const = 0;
  /// Overwrites the views' gradients and returns the gradient of the input; may overwrite `gradient`.
  /// @param gradient  of the output.  @param input_gradient  false: the result is not used and may be undefined.
  virtual at::Tensor backward(const Pass& pass, const at::Tensor& gradient, bool input_gradient) const = 0;

 private:
  LayerSpec spec_;
};

/// `tensor` with `sizes`, its memory reused where it suffices; the values are arbitrary.
/// @param options  dtype and device of a fresh one.
at::Tensor& reserve(at::Tensor& tensor, at::IntArrayRef sizes, const at::TensorOptions& options);

/// [B, H, W, C] as ATen wants to see it: [B, C, H, W] with channels-last strides; and back.
inline at::Tensor as_nchw(const at::Tensor& nhwc) { return nhwc.permute({0, 3, 1, 2}); }
inline at::Tensor as_nhwc(const at::Tensor& nchw) { return nchw.permute({0, 2, 3, 1}); }

}  // namespace sac
