#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "engine/nn/drop_factors.h"
#include "engine/nn/layer.h"

namespace sac {

/// Images [B, C, H, W] to the channels-last order [B, H, W, C] that the layers below take. First layer only.
std::unique_ptr<Layer> channels_last(SampleShape input);

/// y = x W^T + b with weight [out, in] and bias [out]; takes images as rows of H * W * C features.
std::unique_ptr<Layer> linear(std::string name, SampleShape input, std::int64_t features);

struct Conv2dOptions {
  std::int64_t channels = 1;  ///< out
  std::int64_t kernel = 1;    ///< square
  std::int64_t stride = 1;
  std::int64_t padding = 0;
  bool bias = true;
};
/// Cross-correlation with weight [out, kernel, kernel, in] (channels last, as oneDNN likes it) and bias [out].
std::unique_ptr<Layer> conv2d(std::string name, SampleShape input, const Conv2dOptions& options);

/// max(x, 0) in place.
std::unique_ptr<Layer> relu(SampleShape input);

/// max(x, 0), then the maximum of each 2x2 window, stride 2; an odd last row or column is dropped. The first of equals
/// takes the gradient. Backward in place.
std::unique_ptr<Layer> relu_max_pool2d(SampleShape input);

/// The mean over all pixels: [B, H, W, C] to [B, C].
std::unique_ptr<Layer> global_avg_pool(SampleShape input);

enum class Activation { kNone, kRelu };
/// Batch normalisation over B, H, W a channel (Ioffe & Szegedy 2015): weight and bias [C], running_mean and running_var
/// [C] with momentum 0.1 and the unbiased variance, eps 1e-5; evaluation uses the running statistics.
std::unique_ptr<Layer> batch_norm2d(std::string name, SampleShape input, Activation activation);

/// Group normalisation over H, W and C / `groups` channels of each sample (Wu & He 2018), eps 1e-5: weight and bias
/// [C].
std::unique_ptr<Layer> group_norm(std::string name, SampleShape input, std::int64_t groups, Activation activation);

/// The maximum of each window; outside the image lies minus infinity.
struct Window {
  std::int64_t side = 2;
  std::int64_t stride = 2;
  std::int64_t padding = 0;
};
std::unique_ptr<Layer> max_pool2d(SampleShape input, const Window& window);

/// Opens a skip connection: identity; on the way back adds what came over the skip.
std::unique_ptr<Layer> skip_start(SampleShape input);
/// Applies `layer` to what is skipped, between the block's start and its end.
/// @param path  what passes by inside the block: the output of the layer before this one.
std::unique_ptr<Layer> on_skip(std::unique_ptr<Layer> layer, SampleShape path);
/// Closes it: x + shortcut, or max(x + shortcut, 0) in place. Where the block has halved the image and widened
/// the channels, the shortcut takes every second pixel and appends zero channels (option A of He et al. 2015).
std::unique_ptr<Layer> skip_end(SampleShape input, Activation activation);

// Sequences of T tokens, [B, 1, T, C].

/// BatchContext::padding of token ids [B, T], of which 0 is padding.  @param options  of the activations.
at::Tensor padding_of(const at::Tensor& tokens, const at::TensorOptions& options);

/// Token ids [B, T] to vectors: tokens [vocabulary, width] looked up plus positions [T, width], both from N(0,
/// deviation^2). First layer only.
std::unique_ptr<Layer> embedding(std::string name, SampleShape input, std::int64_t width, double deviation);

/// The same plus types [2, width], of which all tokens have the first (BERT's sentence A); id 0 is padding.
std::unique_ptr<Layer> padded_embedding(std::string name, SampleShape input, std::int64_t width, double deviation);

/// The vector of the first token: [B, 1, T, C] to [B, C].
std::unique_ptr<Layer> first_token(SampleShape input);

std::unique_ptr<Layer> tanh(SampleShape input);

/// y = x W^T + b for every token: weight [out, in] from N(0, deviation^2), bias [out] zero.
std::unique_ptr<Layer> token_linear(std::string name, SampleShape input, std::int64_t features, double deviation);

/// Layer normalisation of every token (Ba et al. 2016): weight and bias [C].
std::unique_ptr<Layer> layer_norm(std::string name, SampleShape input, double epsilon = 1e-5);

/// In training, the product of the input and the rule's drop_factors.
std::unique_ptr<Layer> dropout(SampleShape input, const DropRule& rule);

/// x Phi(x), by the error function (Hendrycks & Gimpel 2016).
std::unique_ptr<Layer> gelu(SampleShape input);

enum class Attends { kBackwards, kEverywhere };
/// Scaled dot-product attention (Vaswani et al. 2017) of `heads` heads over packed queries, keys and values, [B, 1, T,
/// 3 C] to [B, 1, T, C]; kBackwards: no token sees a later one; none sees padding.
/// @param rule  what is dropped of the shares [B, heads, T, T] in training.
std::unique_ptr<Layer> attention(SampleShape input, std::int64_t heads, Attends attends, const DropRule& rule = {});

}  // namespace sac
