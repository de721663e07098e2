#pragma once
#include <cstdint>
#include <memory>
#include <string>

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

/// Opens a skip connection: identity; on the way back adds what came over the skip.
std::unique_ptr<Layer> skip_start(SampleShape input);
/// Closes it: max(x + shortcut, 0) in place. Where the block has halved the image and widened the channels, the
/// shortcut takes every second pixel and appends zero channels (option A of He et al. 2015).
std::unique_ptr<Layer> skip_end_relu(SampleShape input);

}  // namespace sac
