#include "engine/core/error.h"
#include "engine/nn/layers.h"
#include "engine/nn/models/transformer.h"
#include "engine/nn/sequential.h"

namespace sac {
namespace {

constexpr double kDeviation = 0.02;
constexpr double kEpsilon = 1e-12;

/// Attention and a hidden layer of four times the width, each skipped around and normalised after.
void add_block(LayerList& layers, const std::string& name, std::int64_t heads, DropoutPlaces& dropout) {
  const std::int64_t width = layers.shape().channels;
  layers.add(skip_start(layers.shape()));
  layers.add(token_linear(name + ".qkv", layers.shape(), 3 * width, kDeviation));
  layers.add(attention(layers.shape(), heads, Attends::kEverywhere, dropout.next()));
  layers.add(token_linear(name + ".projection", layers.shape(), width, kDeviation));
  dropout.add(layers);
  layers.add(skip_end(layers.shape(), Activation::kNone));
  layers.add(layer_norm(name + ".norm1", layers.shape(), kEpsilon));
  layers.add(skip_start(layers.shape()));
  layers.add(token_linear(name + ".expand", layers.shape(), 4 * width, kDeviation));
  layers.add(gelu(layers.shape()));
  layers.add(token_linear(name + ".contract", layers.shape(), width, kDeviation));
  dropout.add(layers);
  layers.add(skip_end(layers.shape(), Activation::kNone));
  layers.add(layer_norm(name + ".norm2", layers.shape(), kEpsilon));
}

/// An encoder with a classifier on its first token (Devlin et al., "BERT: Pre-training of Deep Bidirectional
/// Transformers", NAACL 2019, arXiv:1810.04805). BERT-base is layers = 12, heads = 12, width = 768 on 512 tokens of a
/// vocabulary of 30,522: 109,482,240 parameters in encoder and pooler.
std::shared_ptr<const Model> make(const Options& options, SampleShape sample, std::int64_t classes,
                                  const Numerics& numerics) {
  require_tokens("bert", sample);
  if (classes == sample.vocabulary) {
    throw ConfigError(
        "model 'bert' classifies whole sequences, and this data set has a label for every token: choose " +
        std::string("model 'transformer_lm'"));
  }
  const TransformerConfig config = transformer_config(options);
  DropoutPlaces dropout(config.dropout);
  LayerList layers(sample);
  layers.add(padded_embedding("embedding", sample, config.width, kDeviation));
  layers.add(layer_norm("norm", layers.shape(), kEpsilon));
  dropout.add(layers);
  for (std::int64_t i = 1; i <= config.layers; ++i) {
    add_block(layers, "block" + std::to_string(i), config.heads, dropout);
  }
  layers.add(first_token(layers.shape()));
  layers.add(linear("pooler", layers.shape(), config.width));
  layers.add(tanh(layers.shape()));
  dropout.add(layers);
  layers.add(linear("classifier", layers.shape(), classes));
  return std::make_shared<Sequential>("bert", sample, numerics, std::move(layers));
}

const Register<ModelEntry> registered{{.name = "bert",
                                       .summary = "BERT's encoder with a classifier, from two layers to BERT-base",
                                       .options = transformer_options(/*layers=*/2, /*heads=*/2),
                                       .make = make}};

}  // namespace
}  // namespace sac
