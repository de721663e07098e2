#pragma once
#include <string>

#include "engine/core/options.h"
#include "engine/nn/layers.h"
#include "engine/nn/sequential.h"

namespace sac {

/// How the convolutional models normalise: option `norm` = "batch" | "group", the latter with `groups` groups.
const std::vector<OptionSpec>& norm_options();

/// Makes the normalisation that a model's options ask for.
class NormMaker {
 public:
  explicit NormMaker(const Options& options);
  /// @throws ConfigError  the groups do not divide the channels.
  [[nodiscard]] std::unique_ptr<Layer> operator()(std::string name, SampleShape input, Activation activation) const;

 private:
  bool group_;
  std::int64_t groups_;
};

/// A square convolution without bias that keeps the image's sides up to its stride.
Conv2dOptions same_conv(std::int64_t channels, std::int64_t kernel, std::int64_t stride = 1);

/// Convolution and normalisation, named `conv` and `norm`.
void add_conv_norm(LayerList& layers, const std::string& conv, const std::string& norm, const Conv2dOptions& options,
                   const NormMaker& make_norm, Activation activation);

}  // namespace sac
