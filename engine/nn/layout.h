#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace sac {

/// Half-open range of elements of a flat tensor.
struct Range {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  [[nodiscard]] std::int64_t size() const { return end - begin; }
  bool operator==(const Range&) const = default;
};

/// One named tensor inside a flat one.
struct TensorInfo {
  std::string name;  ///< "conv1.weight"
  std::vector<std::int64_t> shape;
  Range range;    ///< elements of the flat tensor
  int layer = 0;  ///< index into Layout::layers
};

/// One layer that owns parameters. Ranges are contiguous and follow one another in forward order.
struct LayerInfo {
  std::string name;             ///< "conv1"
  Range parameters;             ///< of the flat parameters [D] (and gradients [D])
  Range buffers;                ///< of the flat buffers [S]; empty without normalisation statistics
  double forward_flops = 0.0;   ///< a sample; a multiply-add counts 2
  double backward_flops = 0.0;  ///< a sample; input gradient counted only where it is computed

  /// By the batch's statistics, of which its buffers are the running mean and variance, [C] each.
  [[nodiscard]] bool normalises() const { return buffers.size() > 0; }
  /// Numbers that are summed over workers before its passes where statistics are synchronised: of values and squares a
  /// channel, and the rows; of gradients and products.
  [[nodiscard]] std::int64_t forward_sums() const { return normalises() ? buffers.size() + 1 : 0; }
  [[nodiscard]] std::int64_t backward_sums() const { return buffers.size(); }
};

/// How a model's parameters and buffers lie in its flat tensors. Layers without parameters (ReLU, pooling) are counted
/// into the FLOPs of the layer before them, so that shares of a backward pass are known a layer.
struct Layout {
  std::vector<TensorInfo> parameters;
  std::vector<TensorInfo> buffers;
  std::vector<LayerInfo> layers;

  [[nodiscard]] std::int64_t parameter_count() const { return layers.empty() ? 0 : layers.back().parameters.end; }
  [[nodiscard]] std::int64_t buffer_count() const { return layers.empty() ? 0 : layers.back().buffers.end; }
  [[nodiscard]] double forward_flops() const;   ///< a sample
  [[nodiscard]] double backward_flops() const;  ///< a sample
};

}  // namespace sac
