#include "engine/nn/kernels.h"

#include <algorithm>
#include <limits>

#include "engine/parallel/parallel.h"

namespace sac::kernels {
namespace {

/// NaN stays NaN: the comparison is false for it.
template <class T>
T rectified(T x) {
  return T(0) > x ? T(0) : x;
}

/// The maximum of 0 and the four pixels. The sum carries NaN, which a comparison would lose, at a third of the cost of
/// asking each pixel.
template <class T>
void pool_pixels(const T* __restrict top_left, const T* __restrict top_right, const T* __restrict bottom_left,
                 const T* __restrict bottom_right, std::int64_t channels, T* __restrict pooled) {
  const auto larger = [](T first, T second) { return first > second ? first : second; };
  for (std::int64_t c = 0; c < channels; ++c) {
    const T maximum = larger(larger(top_left[c], top_right[c]), larger(bottom_left[c], bottom_right[c]));
    const T sum = (top_left[c] + top_right[c]) + (bottom_left[c] + bottom_right[c]);
    pooled[c] = sum != sum ? sum : rectified(maximum);
  }
}

/// Each pixel becomes its gradient: all of it for the first that is the maximum. Without branches, to be vectorised.
template <class T>
void pool_pixels_backward(const T* __restrict pooled, const T* __restrict gradient, std::int64_t channels,
                          T* __restrict top_left, T* __restrict top_right, T* __restrict bottom_left,
                          T* __restrict bottom_right) {
  const auto taken = [](T pixel, T maximum, T rest) { return pixel == maximum ? rest : T(0); };
  const auto left = [](T pixel, T maximum, T rest) { return pixel == maximum ? T(0) : rest; };
  for (std::int64_t c = 0; c < channels; ++c) {
    const T maximum = pooled[c];
    const T whole = gradient[c];
    T rest = maximum > T(0) ? whole : T(0);
    const T first = taken(top_left[c], maximum, rest);
    rest = left(top_left[c], maximum, rest);
    const T second = taken(top_right[c], maximum, rest);
    rest = left(top_right[c], maximum, rest);
    const T third = taken(bottom_left[c], maximum, rest);
    rest = left(bottom_left[c], maximum, rest);
    bottom_right[c] = taken(bottom_right[c], maximum, rest);
    bottom_left[c] = third;
    top_right[c] = second;
    top_left[c] = first;
  }
}

/// Zero the odd last row and column, which no window covers.
template <class T>
void clear_rest(SampleShape shape, T* image) {
  const std::int64_t row_size = shape.width * shape.channels;
  if (shape.height % 2 == 1) std::fill_n(image + (shape.height - 1) * row_size, row_size, T(0));
  if (shape.width % 2 == 0) return;
  for (std::int64_t y = 0; y < shape.height; ++y) {
    std::fill_n(image + (y + 1) * row_size - shape.channels, shape.channels, T(0));
  }
}

/// Rows are summed in blocks in T and the blocks in double: fast, and exact enough for a million rows.
constexpr std::int64_t kBlockRows = 128;
/// One thread's share of a sum, whatever the number of threads.
constexpr std::int64_t kShareRows = 32 * kBlockRows;

/// sums[c] += sum over r in [first, last) of term(r, c).
template <class T, class Term>
void accumulate_share(std::int64_t first, std::int64_t last, std::int64_t channels, Term term, double* sums) {
  std::vector<T> block_sums(static_cast<std::size_t>(channels));
  T* __restrict block = block_sums.data();
  for (std::int64_t begin = first; begin < last; begin += kBlockRows) {
    std::fill_n(block, channels, T(0));
    for (std::int64_t r = begin; r < std::min(begin + kBlockRows, last); ++r) {
      for (std::int64_t c = 0; c < channels; ++c) block[c] += term(r, c);
    }
    for (std::int64_t c = 0; c < channels; ++c) sums[c] += block[c];
  }
}

/// sums[c] += sum over r of term(r, c).
template <class T, class Term>
void accumulate(std::int64_t rows, std::int64_t channels, Term term, double* sums) {
  const std::int64_t shares = (rows + kShareRows - 1) / kShareRows;
  if (shares == 1) return accumulate_share<T>(0, rows, channels, term, sums);
  std::vector<double> partial(static_cast<std::size_t>(shares * channels));
  in_parallel(shares, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t s = begin; s < end; ++s) {
      accumulate_share<T>(s * kShareRows, std::min((s + 1) * kShareRows, rows), channels, term,
                          partial.data() + s * channels);
    }
  });
  for (std::int64_t s = 0; s < shares; ++s) {
    for (std::int64_t c = 0; c < channels; ++c) sums[c] += partial[static_cast<std::size_t>(s * channels + c)];
  }
}

/// Calls body(offset of the pixel in the larger image, offset in the smaller one) for every pixel of the smaller.
template <class Body>
void for_shortcut_pixels(SampleShape from, SampleShape to, std::int64_t batch, Body body) {
  const std::int64_t stride = from.height == to.height ? 1 : 2;
  in_parallel(batch * to.height, kGrain / (to.width * to.channels) + 1, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const std::int64_t b = row / to.height;
      const std::int64_t y = row % to.height;
      for (std::int64_t x = 0; x < to.width; ++x) {
        body(b * from.size() + (y * from.width + x) * stride * from.channels,
             b * to.size() + (y * to.width + x) * to.channels);
      }
    }
  });
}

}  // namespace

template <class T>
void relu(T* values, std::int64_t count) {
  in_parallel(count, kGrain, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) values[i] = rectified(values[i]);
  });
}

template <class T>
void relu_backward(const T* outputs, T* gradients, std::int64_t count) {
  in_parallel(count, kGrain, [=](std::int64_t begin, std::int64_t end) {
    const T* __restrict output = outputs;
    T* __restrict gradient = gradients;
    for (std::int64_t i = begin; i < end; ++i) gradient[i] = output[i] > T(0) ? gradient[i] : T(0);
  });
}

template <class T>
void sum_rows(const T* values, std::int64_t rows, std::int64_t columns, T* __restrict sums) {
  std::fill_n(sums, columns, T(0));
  for (std::int64_t r = 0; r < rows; ++r) {
    const T* __restrict row = values + r * columns;
    for (std::int64_t c = 0; c < columns; ++c) sums[c] += row[c];
  }
}

template <class T>
void relu_max_pool2d(const T* image, SampleShape shape, T* pooled) {
  const std::int64_t row_size = shape.width * shape.channels;
  for (std::int64_t y = 0; y < shape.height / 2; ++y) {
    for (std::int64_t x = 0; x < shape.width / 2; ++x, pooled += shape.channels) {
      const T* top = image + 2 * (y * row_size + x * shape.channels);
      const T* bottom = top + row_size;
      pool_pixels(top, top + shape.channels, bottom, bottom + shape.channels, shape.channels, pooled);
    }
  }
}

template <class T>
void relu_max_pool2d_backward(const T* pooled, const T* pooled_gradient, SampleShape shape, T* image) {
  const std::int64_t row_size = shape.width * shape.channels;
  for (std::int64_t y = 0; y < shape.height / 2; ++y) {
    for (std::int64_t x = 0; x < shape.width / 2; ++x) {
      T* top = image + 2 * (y * row_size + x * shape.channels);
      T* bottom = top + row_size;
      pool_pixels_backward(pooled, pooled_gradient, shape.channels, top, top + shape.channels, bottom,
                           bottom + shape.channels);
      pooled += shape.channels;
      pooled_gradient += shape.channels;
    }
  }
  clear_rest(shape, image);
}

template <class T>
ChannelPairs moments(const T* values, std::int64_t rows, std::int64_t channels) {
  std::vector<double> sums(static_cast<std::size_t>(channels));
  std::vector<double> squares(sums.size());
  std::vector<T> means(sums.size());
  accumulate<T>(
      rows, channels, [=](std::int64_t r, std::int64_t c) { return values[r * channels + c]; }, sums.data());
  for (std::size_t c = 0; c < means.size(); ++c) means[c] = static_cast<T>(sums[c] / static_cast<double>(rows));
  const auto square = [=, mean = means.data()](std::int64_t r, std::int64_t c) {
    const T centred = values[r * channels + c] - mean[c];
    return centred * centred;
  };
  accumulate<T>(rows, channels, square, squares.data());
  ChannelPairs result(sums.size());
  for (std::size_t c = 0; c < sums.size(); ++c) {
    const double mean = sums[c] / static_cast<double>(rows);
    const double shift = mean - static_cast<double>(means[c]);  // the variance was taken about the rounded mean
    result[c] = {mean, std::max(squares[c] / static_cast<double>(rows) - shift * shift, 0.0)};
  }
  return result;
}

template <class T>
void normalise(const T* values, std::int64_t rows, std::int64_t channels, const T* mean, const T* inverse,
               const T* weight, const T* bias, bool rectify, T* output) {
  std::vector<T> scales(static_cast<std::size_t>(channels));
  std::vector<T> shifts(scales.size());
  T* __restrict scale = scales.data();
  T* __restrict shift = shifts.data();
  for (std::int64_t c = 0; c < channels; ++c) {
    scale[c] = weight[c] * inverse[c];
    shift[c] = bias[c] - mean[c] * scale[c];
  }
  const T floor = rectify ? T(0) : -std::numeric_limits<T>::infinity();
  in_parallel(rows, kGrain / channels + 1, [=](std::int64_t begin, std::int64_t end) {
    const T* __restrict factor = scale;
    const T* __restrict summand = shift;
    for (std::int64_t r = begin; r < end; ++r) {
      const T* __restrict in = values + r * channels;
      T* __restrict out = output + r * channels;
      for (std::int64_t c = 0; c < channels; ++c) {
        const T y = in[c] * factor[c] + summand[c];
        out[c] = floor > y ? floor : y;
      }
    }
  });
}

template <class T>
ChannelPairs gradient_sums(const T* values, std::int64_t rows, std::int64_t channels, const T* mean,
                           const T* gradient) {
  std::vector<double> sums(static_cast<std::size_t>(channels));
  std::vector<double> products(sums.size());
  accumulate<T>(
      rows, channels, [=](std::int64_t r, std::int64_t c) { return gradient[r * channels + c]; }, sums.data());
  const auto product = [=](std::int64_t r, std::int64_t c) {
    return gradient[r * channels + c] * (values[r * channels + c] - mean[c]);
  };
  accumulate<T>(rows, channels, product, products.data());
  ChannelPairs result(sums.size());
  for (std::size_t c = 0; c < sums.size(); ++c) result[c] = {sums[c], products[c]};
  return result;
}

template <class T>
void normalise_backward(const T* values, std::int64_t rows, std::int64_t channels, const T* mean, const T* inverse,
                        const T* weight, const ChannelPairs& sums, double all_rows, T* gradient) {
  std::vector<T> coefficients(3 * sums.size());  // of the gradient, of the value, constant
  T* __restrict of_gradient = coefficients.data();
  T* __restrict of_value = of_gradient + channels;
  T* __restrict constant = of_value + channels;
  for (std::size_t c = 0; c < sums.size(); ++c) {
    const auto& [sum, product] = sums[c];
    const double inv = inverse[c];
    const double scale = weight[c] * inv;
    const double slope = -scale * inv * inv * product / all_rows;
    of_gradient[c] = static_cast<T>(scale);
    of_value[c] = static_cast<T>(slope);
    constant[c] = static_cast<T>(-scale * sum / all_rows - slope * mean[c]);
  }
  in_parallel(rows, kGrain / channels + 1, [=](std::int64_t begin, std::int64_t end) {
    const T* __restrict a = of_gradient;
    const T* __restrict b = of_value;
    const T* __restrict offset = constant;
    for (std::int64_t r = begin; r < end; ++r) {
      const T* __restrict x = values + r * channels;
      T* __restrict g = gradient + r * channels;
      for (std::int64_t c = 0; c < channels; ++c) g[c] = g[c] * a[c] + x[c] * b[c] + offset[c];
    }
  });
}

template <class T>
void add_shortcut(const T* from, SampleShape from_shape, std::int64_t batch, SampleShape to_shape, T* to) {
  for_shortcut_pixels(from_shape, to_shape, batch, [=](std::int64_t source, std::int64_t target) {
    for (std::int64_t c = 0; c < from_shape.channels; ++c) to[target + c] += from[source + c];
  });
}

template <class T>
void add_shortcut_backward(const T* to_gradient, SampleShape to_shape, std::int64_t batch, SampleShape from_shape,
                           T* gradient) {
  for_shortcut_pixels(from_shape, to_shape, batch, [=](std::int64_t source, std::int64_t target) {
    for (std::int64_t c = 0; c < from_shape.channels; ++c) gradient[source + c] += to_gradient[target + c];
  });
}

#define SAC_INSTANTIATE(T)                                                                                         \
  template void relu(T*, std::int64_t);                                                                            \
  template void relu_backward(const T*, T*, std::int64_t);                                                         \
  template void sum_rows(const T*, std::int64_t, std::int64_t, T*);                                                \
  template void relu_max_pool2d(const T*, SampleShape, T*);                                                        \
  template void relu_max_pool2d_backward(const T*, const T*, SampleShape, T*);                                     \
  template ChannelPairs moments(const T*, std::int64_t, std::int64_t);                                             \
  template void normalise(const T*, std::int64_t, std::int64_t, const T*, const T*, const T*, const T*, bool, T*); \
  template ChannelPairs gradient_sums(const T*, std::int64_t, std::int64_t, const T*, const T*);                   \
  template void normalise_backward(const T*, std::int64_t, std::int64_t, const T*, const T*, const T*,             \
                                   const ChannelPairs&, double, T*);                                               \
  template void add_shortcut(const T*, SampleShape, std::int64_t, SampleShape, T*);                                \
  template void add_shortcut_backward(const T*, SampleShape, std::int64_t, SampleShape, T*);
SAC_INSTANTIATE(float)
SAC_INSTANTIATE(double)
#undef SAC_INSTANTIATE

}  // namespace sac::kernels
