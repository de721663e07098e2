#pragma once
#include <filesystem>
#include <memory>
#include <vector>

#include "engine/nn/model.h"

namespace sac {

/// The option of the [model] table that every model shares: weights.
const std::vector<OptionSpec>& weights_options();

/// `model`, whose replicas start from the tensors of a safetensors file whatever the seed.
/// @throws DataError  as load_safetensors.
std::shared_ptr<const Model> pretrained(std::shared_ptr<const Model> model, const std::filesystem::path& weights);

}  // namespace sac
