#pragma once
#include <ATen/core/Tensor.h>

#include <filesystem>

#include "engine/nn/layout.h"

namespace sac {

/// A model's parameters and buffers in the safetensors format: 8 bytes of length (little endian), a header in JSON, the
/// tensors' bytes. Names are the layout's; weights of convolutions lie there as PyTorch has them, [out, in, H, W].
/// Files of torchvision's resnet18 and resnet50 fit as they are.

/// Writes a file, in float32 or float64 as the model; it appears under its name only when it is whole.
/// @param parameters  [D].  @param buffers  [S].  @throws DataError  it cannot be written.
void save_safetensors(const std::filesystem::path& path, const Layout& layout, const at::Tensor& parameters,
                      const at::Tensor& buffers);

/// Reads every tensor of the layout into the flat ones, on whatever device; float16, bfloat16, float32 and float64 are
/// taken. Counters of batches ("num_batches_tracked") are passed over.
/// @throws DataError  the file is missing, truncated or no safetensors, lacks a tensor, holds one that the model does
/// not have, or one of another shape; nothing is changed then.
void load_safetensors(const std::filesystem::path& path, const Layout& layout, const at::Tensor& parameters,
                      const at::Tensor& buffers);

}  // namespace sac
