#include "engine/nn/models/transformer.h"

#include <string>

#include "engine/core/error.h"
#include "engine/nn/layers.h"

namespace sac {

std::vector<OptionSpec> transformer_options(std::int64_t layers, std::int64_t heads) {
  return {{.name = "layers", .fallback = layers, .doc = "blocks", .min = 1, .max = 1000},
          {.name = "heads", .fallback = heads, .doc = "attention heads a block", .min = 1, .max = 1024},
          {.name = "width",
           .fallback = std::int64_t{128},
           .doc = "numbers a token, a multiple of heads",
           .min = 1,
           .max = 65536},
          {.name = "dropout",
           .fallback = 0.0,
           .doc = "probability, in training, after the embedding, of attention and at the end of each residual branch",
           .min = 0.0,
           .max = 0.99}};
}

TransformerConfig transformer_config(const Options& options) {
  const TransformerConfig config{.layers = options.integer("layers"),
                                 .heads = options.integer("heads"),
                                 .width = options.integer("width"),
                                 .dropout = options.number("dropout")};
  if (config.width % config.heads == 0) return config;
  throw ConfigError("model.heads = " + std::to_string(config.heads) +
                    " does not divide model.width = " + std::to_string(config.width));
}

void DropoutPlaces::add(LayerList& layers) {
  if (probability_ > 0.0) layers.add(dropout(layers.shape(), next()));
}

}  // namespace sac
