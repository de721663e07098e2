#pragma once
#include <cstdint>
#include <vector>

#include "engine/core/options.h"
#include "engine/nn/drop_factors.h"
#include "engine/nn/sequential.h"

namespace sac {

/// What models of attention blocks have in common.
struct TransformerConfig {
  std::int64_t layers = 0;
  std::int64_t heads = 0;
  std::int64_t width = 0;
  double dropout = 0.0;
};

/// layers, heads, width, dropout.
std::vector<OptionSpec> transformer_options(std::int64_t layers, std::int64_t heads);

/// @throws ConfigError  heads do not divide the width.
TransformerConfig transformer_config(const Options& options);

/// Dropout of one probability, if any; each place in the model draws for itself.
class DropoutPlaces {
 public:
  explicit DropoutPlaces(double probability) : probability_(probability) {}
  /// Of a place inside a layer.
  DropRule next() { return {.probability = probability_, .salt = count_++}; }
  /// Adds a layer that drops.
  void add(LayerList& layers);

 private:
  double probability_;
  std::uint32_t count_ = 0;
};

}  // namespace sac
