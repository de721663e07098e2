#include "datasets/batches.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "datasets/image_files.h"

namespace sac {
namespace {

void ensure(at::Tensor& tensor, at::IntArrayRef shape, at::ScalarType dtype) {
  const bool fits =
      tensor.defined() && tensor.sizes() == shape && tensor.scalar_type() == dtype && tensor.is_contiguous();
  if (!fits) tensor = at::empty(shape, dtype);
}

std::vector<std::int64_t> batch_shape(const at::Tensor& samples, std::int64_t count) {
  std::vector<std::int64_t> shape = samples.sizes().vec();
  shape[0] = count;
  return shape;
}

/// Samples lie anywhere in memory: asking for one two rows ahead hides most of the wait (28 -> 13 us a batch of 64 x
/// 784).
constexpr std::int64_t kRowsAhead = 2;
constexpr std::int64_t kCacheLine = 64;

void prefetch(const void* row, std::int64_t bytes) {
  for (std::int64_t at = 0; at < bytes; at += kCacheLine) __builtin_prefetch(static_cast<const char*>(row) + at);
}

template <class To>
void scale_plane(const std::uint8_t* __restrict from, To* __restrict to, std::int64_t size, To scale, To shift) {
  for (std::int64_t i = 0; i < size; ++i) to[i] = static_cast<To>(static_cast<std::int32_t>(from[i])) * scale + shift;
}

/// `pixels(row)`, uint8 [C, H, W], to normalised rows.
template <class To, class Pixels>
void normalise(const Normalisation& normalisation, const Pixels& pixels, at::Tensor& target) {
  auto* to = target.mutable_data_ptr<To>();
  const std::int64_t channels = target.size(1);
  const std::int64_t plane = target.size(2) * target.size(3);
  const bool plain = normalisation.mean.empty();
  for (std::int64_t row = 0; row < target.size(0); ++row) {
    const std::uint8_t* from = pixels(row);
    for (std::int64_t channel = 0; channel < channels; ++channel, from += plane, to += plane) {
      const double mean = plain ? 0.0 : normalisation.mean[static_cast<std::size_t>(channel)];
      const double stddev = plain ? 1.0 : normalisation.stddev[static_cast<std::size_t>(channel)];
      scale_plane(from, to, plane, static_cast<To>(1.0 / (255.0 * stddev)), static_cast<To>(-mean / stddev));
    }
  }
}

/// uint8 rows in memory to normalised rows. `index(row)` is the sample of a row.
template <class To, class Index>
void copy_images(const at::Tensor& source, const Normalisation& normalisation, const Index& index, at::Tensor& target) {
  const auto* from = source.const_data_ptr<std::uint8_t>();
  const std::int64_t rows = target.size(0);
  const std::int64_t size = source.size(1) * source.size(2) * source.size(3);
  const auto pixels = [&](std::int64_t row) {
    if (row + kRowsAhead < rows) prefetch(from + index(row + kRowsAhead) * size, size);
    return from + index(row) * size;
  };
  normalise<To>(normalisation, pixels, target);
}

/// The same from files.
template <class To, class Index>
void decode_images(const ImageFiles& files, const Normalisation& normalisation, const Index& index,
                   const std::optional<CropDraw>& draw, at::Tensor& target) {
  std::vector<std::uint8_t> image(static_cast<std::size_t>(target[0].numel()));
  const auto pixels = [&](std::int64_t row) {
    files.decode(index(row), draw, image.data());
    return static_cast<const std::uint8_t*>(image.data());
  };
  normalise<To>(normalisation, pixels, target);
}

/// float32 rows to rows of `To`.
template <class To, class Index>
void copy_features(const at::Tensor& source, const Index& index, at::Tensor& target) {
  const auto* from = source.const_data_ptr<float>();
  auto* to = target.mutable_data_ptr<To>();
  const std::int64_t rows = target.size(0);
  const std::int64_t features = source.size(1);
  for (std::int64_t row = 0; row < rows; ++row) {
    const float* sample = from + index(row) * features;
    for (std::int64_t i = 0; i < features; ++i) *to++ = static_cast<To>(sample[i]);
  }
}

/// Rows of ids [T], or single ids, that lie `source.stride(0)` apart.
template <class Index>
void copy_ids(const at::Tensor& source, const Index& index, at::Tensor& target) {
  const auto* from = source.const_data_ptr<std::int64_t>();
  auto* to = target.mutable_data_ptr<std::int64_t>();
  const std::int64_t length = source.dim() == 1 ? 1 : source.size(1);
  for (std::int64_t row = 0; row < target.size(0); ++row)
    to = std::copy_n(from + index(row) * source.stride(0), length, to);
}

/// Images that lie in files.
template <class Index>
void decode_rows(const ImageFiles& files, const Normalisation& normalisation, std::int64_t count, const Index& index,
                 at::ScalarType dtype, const std::optional<CropDraw>& draw, at::Tensor& inputs) {
  ensure(inputs, {count, 3, files.side(), files.side()}, dtype);
  if (count == 0) return;
  dtype == at::kDouble ? decode_images<double>(files, normalisation, index, draw, inputs)
                       : decode_images<float>(files, normalisation, index, draw, inputs);
}

template <class Index>
void copy_rows(const Examples& examples, const Normalisation& normalisation, std::int64_t count, const Index& index,
               at::ScalarType dtype, const std::optional<CropDraw>& draw, at::Tensor& inputs, at::Tensor& targets) {
  ensure(targets, batch_shape(examples.targets, count), at::kLong);
  copy_ids(examples.targets, index, targets);
  if (examples.files) return decode_rows(*examples.files, normalisation, count, index, dtype, draw, inputs);
  const auto kind = examples.inputs.scalar_type();
  ensure(inputs, batch_shape(examples.inputs, count), kind == at::kLong ? at::kLong : dtype);
  if (kind == at::kLong) return copy_ids(examples.inputs, index, inputs);
  const bool images = kind == at::kByte;
  if (dtype == at::kDouble) {
    images ? copy_images<double>(examples.inputs, normalisation, index, inputs)
           : copy_features<double>(examples.inputs, index, inputs);
  } else {
    images ? copy_images<float>(examples.inputs, normalisation, index, inputs)
           : copy_features<float>(examples.inputs, index, inputs);
  }
}

}  // namespace

void gather(const Examples& examples, const Normalisation& normalisation, std::span<const std::int64_t> indices,
            at::ScalarType dtype, at::Tensor& inputs, at::Tensor& targets, const std::optional<CropDraw>& draw) {
  for (const std::int64_t index : indices) {
    if (index < 0 || index >= examples.size()) throw std::out_of_range("no sample " + std::to_string(index));
  }
  const auto index = [indices](std::int64_t row) { return indices[static_cast<std::size_t>(row)]; };
  copy_rows(examples, normalisation, static_cast<std::int64_t>(indices.size()), index, dtype, draw, inputs, targets);
}

void gather_range(const Examples& examples, const Normalisation& normalisation, std::int64_t begin, std::int64_t end,
                  at::ScalarType dtype, at::Tensor& inputs, at::Tensor& targets) {
  if (begin < 0 || end < begin || end > examples.size()) {
    throw std::out_of_range("no samples " + std::to_string(begin) + " to " + std::to_string(end));
  }
  const auto index = [begin](std::int64_t row) { return begin + row; };
  copy_rows(examples, normalisation, end - begin, index, dtype, {}, inputs, targets);
}

}  // namespace sac
