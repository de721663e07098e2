#pragma once
#include <memory>
#include <string>
#include <vector>

#include "engine/nn/layer_range.h"
#include "engine/nn/model.h"
#include "engine/nn/workspace.h"

namespace sac {

/// Layers in forward order, each made for the output shape of the one before it.
class LayerList {
 public:
  explicit LayerList(SampleShape input) : shape_(input) {}
  LayerList& add(std::unique_ptr<Layer> layer);
  [[nodiscard]] SampleShape shape() const { return shape_; }  ///< of the last output
  std::vector<std::unique_ptr<Layer>> take() { return std::move(layers_); }

 private:
  SampleShape shape_;
  std::vector<std::unique_ptr<Layer>> layers_;
};

/// A model that is a list of layers with softmax cross-entropy on top. Every layer that owns parameters is one
/// LayerInfo of the layout, also inside a residual block.
class Sequential final : public Model, public std::enable_shared_from_this<Sequential> {
 public:
  /// @param name  for messages.  @param layers  the last one's output is one logit a class.
  Sequential(std::string name, SampleShape input, const Numerics& numerics, LayerList layers);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const Numerics& numerics() const { return numerics_; }
  [[nodiscard]] const LayerRange& range() const { return range_; }
  /// @throws DataError  a training or evaluation batch that the model does not take.
  void check(const Batch& batch) const;

  [[nodiscard]] const Layout& layout() const override { return range_.layout; }
  [[nodiscard]] at::ScalarType dtype() const override { return numerics_.dtype; }
  void initialise(const at::Tensor& parameters, const at::Tensor& buffers, std::uint64_t seed) const override;
  [[nodiscard]] std::unique_ptr<Network> bind(const at::Tensor& parameters, const at::Tensor& gradients,
                                              const at::Tensor& buffers) const override;
  [[nodiscard]] std::vector<std::shared_ptr<const Stage>> stages(std::int64_t count) const override;

 private:
  friend class SequentialNetwork;

  [[nodiscard]] std::vector<std::int64_t> target_shape(std::int64_t batch) const;

  std::string name_;
  SampleShape input_;
  Numerics numerics_;
  std::vector<std::unique_ptr<Layer>> layers_;
  LayerRange range_;
  mutable WorkspacePool workspaces_;
};

/// @throws ConfigError  the samples are not images of at least `least` pixels a side ("lenet needs images of at least
/// 28x28, got 1x1").
void require_images(const std::string& model, SampleShape sample, std::int64_t least);

/// @throws ConfigError  the samples are not sequences of tokens.
void require_tokens(const std::string& model, SampleShape sample);

}  // namespace sac
