#include <cmath>

#include "engine/core/error.h"
#include "engine/nn/layers.h"
#include "engine/nn/sequential.h"

namespace sac {
namespace {

/// GPT-2's.
constexpr double kDeviation = 0.02;

/// Attention and a hidden layer of four times the width, each normalised before and skipped around.
/// @param residual  standard deviation of the weights that end on the skip's way.
void add_block(LayerList& layers, const std::string& name, std::int64_t heads, double residual) {
  const std::int64_t width = layers.shape().channels;
  layers.add(skip_start(layers.shape()));
  layers.add(layer_norm(name + ".norm1", layers.shape()));
  layers.add(token_linear(name + ".qkv", layers.shape(), 3 * width, kDeviation));
  layers.add(attention(layers.shape(), heads, Attends::kBackwards));
  layers.add(token_linear(name + ".projection", layers.shape(), width, residual));
  layers.add(skip_end(layers.shape(), Activation::kNone));
  layers.add(skip_start(layers.shape()));
  layers.add(layer_norm(name + ".norm2", layers.shape()));
  layers.add(token_linear(name + ".expand", layers.shape(), 4 * width, kDeviation));
  layers.add(gelu(layers.shape()));
  layers.add(token_linear(name + ".contract", layers.shape(), width, residual));
  layers.add(skip_end(layers.shape(), Activation::kNone));
}

/// A decoder that predicts each next token (Radford et al., "Language Models are Unsupervised Multitask Learners",
/// 2019): GPT-2's layers and initial values, learned positions, no dropout, the output layer not tied to the embedding.
std::shared_ptr<const Model> make(const Options& options, SampleShape sample, std::int64_t classes,
                                  const Numerics& numerics) {
  require_tokens("transformer_lm", sample);
  if (classes != sample.vocabulary) {
    throw ConfigError("model 'transformer_lm' predicts the next token; this data set has " + std::to_string(classes) +
                      " labels of whole sequences instead: choose model 'bert'");
  }
  const std::int64_t depth = options.integer("layers");
  const std::int64_t heads = options.integer("heads");
  const std::int64_t width = options.integer("width");
  if (width % heads != 0) {
    throw ConfigError("model.heads = " + std::to_string(heads) +
                      " does not divide model.width = " + std::to_string(width));
  }
  LayerList layers(sample);
  layers.add(embedding("embedding", sample, width, kDeviation));
  for (std::int64_t i = 1; i <= depth; ++i) {
    add_block(layers, "block" + std::to_string(i), heads, kDeviation / std::sqrt(2.0 * static_cast<double>(depth)));
  }
  layers.add(layer_norm("norm", layers.shape()));
  layers.add(token_linear("head", layers.shape(), classes, kDeviation));
  return std::make_shared<Sequential>("transformer_lm", sample, numerics, std::move(layers));
}

const Register<ModelEntry> registered{
    {.name = "transformer_lm",
     .summary = "GPT-style transformer that predicts the next character or byte; data.context tokens at a time",
     .options =
         {{.name = "layers", .fallback = std::int64_t{4}, .doc = "blocks", .min = 1, .max = 1000},
          {.name = "heads", .fallback = std::int64_t{4}, .doc = "attention heads a block", .min = 1, .max = 1024},
          {.name = "width",
           .fallback = std::int64_t{128},
           .doc = "numbers a token, a multiple of heads",
           .min = 1,
           .max = 65536}},
     .make = make}};

}  // namespace
}  // namespace sac
