#pragma once
#include <cstdint>
#include <utility>
#include <vector>

#include "engine/nn/model.h"

/// The elementwise loops of the layers, for T = float and double: plain, vectorisable, in one thread, their order of
/// summation fixed. Tensors are contiguous, channels last. They stand where ATen's own kernels were measured slower:
/// see docs/adr/0002-explicit-layers.md. NaN passes through the forward loops.
namespace sac::kernels {

/// values = max(values, 0)
template <class T>
void relu(T* values, std::int64_t count);

/// gradient = output > 0 ? gradient : 0
template <class T>
void relu_backward(const T* output, T* gradient, std::int64_t count);

/// sums[c] = sum over r of values[r][c]
template <class T>
void sum_rows(const T* values, std::int64_t rows, std::int64_t columns, T* sums);

/// One image [H, W, C] to [H / 2, W / 2, C]: the maximum of 0 and each 2x2 window.
template <class T>
void relu_max_pool2d(const T* image, SampleShape shape, T* pooled);

/// Turns `image`, the input of the call above, into its gradient.
template <class T>
void relu_max_pool2d_backward(const T* pooled, const T* pooled_gradient, SampleShape shape, T* image);

/// Two numbers a channel.
using ChannelPairs = std::vector<std::pair<double, double>>;

/// Mean and biased variance of each channel of values [rows, channels]; rows >= 1.
template <class T>
ChannelPairs moments(const T* values, std::int64_t rows, std::int64_t channels);

/// output = (values - mean) * inverse * weight + bias a channel, then max(., 0) where `rectify`.
template <class T>
void normalise(const T* values, std::int64_t rows, std::int64_t channels, const T* mean, const T* inverse,
               const T* weight, const T* bias, bool rectify, T* output);

/// Sums over rows of gradient and of gradient * (values - mean).
template <class T>
ChannelPairs gradient_sums(const T* values, std::int64_t rows, std::int64_t channels, const T* mean, const T* gradient);

/// Turns `gradient`, of the output, into that of the values.
/// @param sums, all_rows  gradient_sums of all rows that `mean` and `inverse` are of, and their number.
template <class T>
void normalise_backward(const T* values, std::int64_t rows, std::int64_t channels, const T* mean, const T* inverse,
                        const T* weight, const ChannelPairs& sums, double all_rows, T* gradient);

/// to += from, where `to` [B, H', W', C'] may have half the pixels and more channels than `from` [B, H, W, C].
template <class T>
void add_shortcut(const T* from, SampleShape from_shape, std::int64_t batch, SampleShape to_shape, T* to);

/// The other way: gradient [B, H, W, C] += to_gradient [B, H', W', C'].
template <class T>
void add_shortcut_backward(const T* to_gradient, SampleShape to_shape, std::int64_t batch, SampleShape from_shape,
                           T* gradient);

}  // namespace sac::kernels
