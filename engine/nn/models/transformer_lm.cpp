#include <cmath>

#include "engine/core/error.h"
#include "engine/nn/layers.h"
#include "engine/nn/models/transformer.h"
#include "engine/nn/sequential.h"

namespace sac {
namespace {

/// GPT-2's.
constexpr double kDeviation = 0.02;

/// Attention and a hidden layer of four times the width, each normalised before and skipped around.
/// @param residual  standard deviation of the weights that end on the skip's way.
void add_block(LayerList& layers, const std::string& name, std::int64_t heads, double residual,
               DropoutPlaces& dropout) {
  const std::int64_t width = layers.shape().channels;
  layers.add(skip_start(layers.shape()));
  layers.add(layer_norm(name + ".norm1", layers.shape()));
  layers.add(token_linear(name + ".qkv", layers.shape(), 3 * width, kDeviation));
  layers.add(attention(layers.shape(), heads, Attends::kBackwards, dropout.next()));
  layers.add(token_linear(name + ".projection", layers.shape(), width, residual));
  dropout.add(layers);
  layers.add(skip_end(layers.shape(), Activation::kNone));
  layers.add(skip_start(layers.shape()));
  layers.add(layer_norm(name + ".norm2", layers.shape()));
  layers.add(token_linear(name + ".expand", layers.shape(), 4 * width, kDeviation));
  layers.add(gelu(layers.shape()));
  layers.add(token_linear(name + ".contract", layers.shape(), width, residual));
  dropout.add(layers);
  layers.add(skip_end(layers.shape(), Activation::kNone));
}

/// A decoder that predicts each next token (Radford et al., "Language Models are Unsupervised Multitask Learners",
/// 2019): GPT-2's layers and initial values, learned positions, the output layer not tied to the embedding.
std::shared_ptr<const Model> make(const Options& options, SampleShape sample, std::int64_t classes,
                                  const Numerics& numerics) {
  require_tokens("transformer_lm", sample);
  if (classes != sample.vocabulary) {
    throw ConfigError("model 'transformer_lm' predicts the next token; this data set has " + std::to_string(classes) +
                      " labels of whole sequences instead: choose model 'bert'");
  }
  const TransformerConfig config = transformer_config(options);
  const double residual = kDeviation / std::sqrt(2.0 * static_cast<double>(config.layers));
  DropoutPlaces dropout(config.dropout);
  LayerList layers(sample);
  layers.add(embedding("embedding", sample, config.width, kDeviation));
  dropout.add(layers);
  for (std::int64_t i = 1; i <= config.layers; ++i) {
    add_block(layers, "block" + std::to_string(i), config.heads, residual, dropout);
  }
  layers.add(layer_norm("norm", layers.shape()));
  layers.add(token_linear("head", layers.shape(), classes, kDeviation));
  return std::make_shared<Sequential>("transformer_lm", sample, numerics, std::move(layers));
}

const Register<ModelEntry> registered{
    {.name = "transformer_lm",
     .summary = "GPT-style transformer that predicts the next character or byte; data.context tokens at a time",
     .options = transformer_options(/*layers=*/4, /*heads=*/4),
     .make = make}};

}  // namespace
}  // namespace sac
