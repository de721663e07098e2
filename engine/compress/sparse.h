#pragma once
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "engine/compress/bits.h"
#include "engine/core/error.h"

namespace sac {

// Messages of a few values with their places: k indices of 4 bytes, ascending, then the k values.

/// Bytes of a message of `chosen` values.
constexpr std::int64_t sparse_bytes(std::int64_t chosen, std::int64_t element_size) {
  return chosen * (4 + element_size);
}

/// What is no number counts as larger than all.
template <class T>
T magnitude(T value) {
  return std::isnan(value) ? std::numeric_limits<T>::infinity() : std::abs(value);
}

/// Writes the `chosen` values of the largest magnitude, lower indices first among equals.
template <class T>
void write_largest(std::span<const T> values, std::size_t chosen, std::uint8_t* out) {
  if (chosen == 0) return;
  std::vector<T> sizes(values.size());
  std::transform(values.begin(), values.end(), sizes.begin(), magnitude<T>);
  const auto last = sizes.begin() + static_cast<std::ptrdiff_t>(chosen) - 1;
  std::nth_element(sizes.begin(), last, sizes.end(), std::greater<>());
  const T threshold = *last;
  auto equals = static_cast<std::int64_t>(std::count(sizes.begin(), last + 1, threshold));
  std::uint8_t* content = out + 4 * chosen;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const T size = magnitude(values[i]);
    if (size < threshold || (size == threshold && equals-- <= 0)) continue;
    store(out, static_cast<std::uint32_t>(i));
    store(content, values[i]);
    out += 4;
    content += sizeof(T);
  }
}

/// values become what the message says, 0 elsewhere.  @throws CommunicationError  an index beyond them.
template <class T>
void read_chosen(const std::uint8_t* in, std::size_t chosen, std::span<T> values) {
  std::fill(values.begin(), values.end(), T{0});
  const std::uint8_t* content = in + 4 * chosen;
  for (std::size_t i = 0; i < chosen; ++i) {
    const auto index = load<std::uint32_t>(in + 4 * i);
    if (index >= values.size()) {
      throw CommunicationError("a sparse message names element " + std::to_string(index) + " of " +
                               std::to_string(values.size()));
    }
    values[index] = load<T>(content + sizeof(T) * i);
  }
}

}  // namespace sac
