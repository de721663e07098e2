#include "engine/train/matrices.h"

#include <algorithm>

namespace sac {
namespace {

/// The whole rows of `tensor` inside `range`, whose first element lies at `packed`.
Matrix rows_within(const TensorInfo& tensor, const Range& range, std::int64_t packed) {
  const std::int64_t columns = tensor.range.size() / tensor.shape.front();
  const std::int64_t from = std::max(tensor.range.begin, range.begin) - tensor.range.begin;
  const std::int64_t to = std::min(tensor.range.end, range.end) - tensor.range.begin;
  const std::int64_t first = (from + columns - 1) / columns;
  const std::int64_t rows = std::max<std::int64_t>(0, to / columns - first);
  return {.begin = packed + tensor.range.begin + first * columns - range.begin, .rows = rows, .columns = columns};
}

}  // namespace

std::vector<Matrix> matrices_of(const Layout& layout, const Slices& elements) {
  std::vector<Matrix> matrices;
  std::int64_t packed = 0;
  for (const Range& range : elements.ranges()) {
    for (const TensorInfo& tensor : layout.parameters) {
      if (tensor.shape.size() < 2 || tensor.range.size() == 0) continue;
      const Matrix matrix = rows_within(tensor, range, packed);
      if (matrix.rows > 0) matrices.push_back(matrix);
    }
    packed += range.size();
  }
  return matrices;
}

}  // namespace sac
