#pragma once
#include <vector>

#include "engine/compress/powersgd.h"
#include "engine/train/slices.h"

namespace sac {

/// The matrices that lie in the packed `elements` of a model: a weight of shape [n, ...] is one of n rows, of which
/// whole rows count; biases and the like are none.
std::vector<Matrix> matrices_of(const Layout& layout, const Slices& elements);

}  // namespace sac
