#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/core/options.h"
#include "engine/core/registry.h"
#include "engine/nn/layout.h"
#include "engine/nn/loss_value.h"
#include "engine/nn/numerics.h"

namespace sac {

/// Which of all samples that a run draws a batch begins with: what a model draws at random goes by it.
struct SamplePlace {
  std::uint64_t seed = 0;
  std::int64_t stream = 0;  ///< each counts its samples from 0
  std::int64_t first = 0;
};

/// One mini-batch. inputs: [B, C, H, W] (or [B, F] for feature data) in the model's dtype, or token ids [B, T], int64;
/// targets: [B], or [B, T] where every token is predicted, int64, in [0, classes). Both lie where the parameters do.
struct Batch {
  at::Tensor inputs;
  at::Tensor targets;
  /// [B, classes], the model's dtype: shares of classes that the loss of a training step is taken against in place of
  /// the targets; undefined where labels are plain.
  at::Tensor shares{};
  SamplePlace place{};  ///< of a training batch
};

/// Sums over an evaluated batch, to be added up and divided once.
struct EvalSums {
  double loss = 0.0;         ///< sum of cross-entropies, one a target, nats
  std::int64_t correct = 0;  ///< arg max equals target
  std::int64_t count = 0;    ///< of targets: samples, or tokens where every token is predicted
};

/// Called during the backward pass as soon as the gradient of layer `layer` (index into Layout::layers) is final;
/// layers come last to first. After the call for layer l, gradients of layers >= l are final.
using GradientReady = std::function<void(int layer)>;

/// Makes of a tensor [n] the sum over all workers', in place. Each of them calls it, in the same order.
using SumOverWorkers = std::function<void(const at::Tensor& tensor)>;

/// One replica of a model bound to flat tensors it does not own the storage of: the views and the workspace of one
/// worker. Not thread-safe; distinct networks are independent. Never touches LibTorch's default generator nor autograd.
class Network {
 public:
  virtual ~Network() = default;
  /// Forward and backward in training mode: overwrites the flat gradients [D] with the gradient of the mean loss over
  /// the batch, updates the buffers [S] (running statistics).  @return the mean loss.
  virtual LossValue compute_gradients(const Batch& batch, const GradientReady& ready) = 0;
  /// From now on batch normalisation takes its statistics of all workers' mini-batches: compute_gradients calls `sum`
  /// for each normalising layer before its pass forward (float64 [LayerInfo::forward_sums]) and before its pass back
  /// (float64 [LayerInfo::backward_sums]).
  /// Source  Zhang et al., "Context Encoding for Semantic Segmentation", CVPR 2018; torch.nn.SyncBatchNorm.
  /// A model without normalisation has nothing to sum.
  virtual void synchronise(SumOverWorkers sum) { (void)sum; }
  /// Forward in evaluation mode; changes nothing but workspace.
  virtual EvalSums evaluate(const Batch& batch) = 0;
};

class Stage;

/// The immutable description of a model; shared by all workers.
class Model {
 public:
  virtual ~Model() = default;
  [[nodiscard]] virtual const Layout& layout() const = 0;
  [[nodiscard]] virtual at::ScalarType dtype() const = 0;  ///< float32 or float64
  /// Fills parameters [D] and buffers [S] as PyTorch's modules initialise theirs (Kaiming-uniform weights with a = sqrt
  /// 5, uniform biases; BatchNorm 1, 0 and statistics 0, 1), from the stream (seed, rank 0, kInitialisation): a
  /// function of the seed alone.
  virtual void initialise(const at::Tensor& parameters, const at::Tensor& buffers, std::uint64_t seed) const = 0;
  /// @param gradients  [D], or undefined for a network that only evaluates.
  [[nodiscard]] virtual std::unique_ptr<Network> bind(const at::Tensor& parameters, const at::Tensor& gradients,
                                                      const at::Tensor& buffers) const = 0;
  /// The model cut into `count` stages of about equal FLOPs, for pipelines; their layouts follow one another.
  /// @throws ConfigError  it has too few places to cut.
  [[nodiscard]] virtual std::vector<std::shared_ptr<const Stage>> stages(std::int64_t count) const;
};

/// What a sample looks like: [channels, height, width]; feature data has channels = features, height = width = 1; token
/// sequences have channels = height = 1 and width = tokens.
struct SampleShape {
  std::int64_t channels = 1;
  std::int64_t height = 1;
  std::int64_t width = 1;
  std::int64_t vocabulary = 0;  ///< token sequences: ids lie in [0, vocabulary); 0 for all else
  [[nodiscard]] std::int64_t size() const { return channels * height * width; }
};

struct ModelEntry {
  static constexpr const char* kThing = "model";
  std::string name;
  std::string summary;
  std::vector<OptionSpec> options;
  /// @throws ConfigError  the sample shape does not fit ("lenet needs images of at least 28x28, got 1x1").
  std::function<std::shared_ptr<const Model>(const Options&, SampleShape, std::int64_t classes, const Numerics&)> make;
};

}  // namespace sac
