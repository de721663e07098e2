#include "engine/nn/models/blocks.h"

#include "engine/core/error.h"

namespace sac {

const std::vector<OptionSpec>& norm_options() {
  static const std::vector<OptionSpec> options{
      {.name = "norm",
       .fallback = std::string("batch"),
       .doc = "normalisation: by the batch's statistics, or by groups of a sample's channels",
       .choices = {"batch", "group"}},
      {.name = "groups",
       .fallback = std::int64_t{8},
       .doc = "group: groups of channels, a divisor of every layer's",
       .min = 1,
       .max = 65536}};
  return options;
}

NormMaker::NormMaker(const Options& options)
    : group_(options.text("norm") == "group"), groups_(options.integer("groups")) {}

std::unique_ptr<Layer> NormMaker::operator()(std::string name, SampleShape input, Activation activation) const {
  if (!group_) return batch_norm2d(std::move(name), input, activation);
  if (input.channels % groups_ != 0) {
    throw ConfigError("model.groups = " + std::to_string(groups_) + " does not divide the " +
                      std::to_string(input.channels) + " channels of layer '" + name + "'; it must divide all");
  }
  return group_norm(std::move(name), input, groups_, activation);
}

Conv2dOptions same_conv(std::int64_t channels, std::int64_t kernel, std::int64_t stride) {
  return {.channels = channels, .kernel = kernel, .stride = stride, .padding = kernel / 2, .bias = false};
}

void add_conv_norm(LayerList& layers, const std::string& conv, const std::string& norm, const Conv2dOptions& options,
                   const NormMaker& make_norm, Activation activation) {
  layers.add(conv2d(conv, layers.shape(), options));
  layers.add(make_norm(norm, layers.shape(), activation));
}

}  // namespace sac
