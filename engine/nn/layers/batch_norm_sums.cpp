#include "engine/nn/layers/batch_norm_sums.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/var_mean.h>

#include <algorithm>

namespace sac {
namespace {

/// Of activations, [rows, C], in a dtype that sums well.
at::Tensor wide_rows(const at::Tensor& activations) {
  const at::Tensor rows = activations.reshape({-1, activations.size(-1)});
  return rows.scalar_type() == at::kDouble ? rows : rows.to(at::kFloat);
}

}  // namespace

double moments_over_workers(kernels::ChannelPairs& moments, double rows, const SumOverWorkers& sum) {
  const std::size_t channels = moments.size();
  const at::Tensor message = at::empty({static_cast<std::int64_t>(2 * channels + 1)}, at::kDouble);
  auto* values = message.mutable_data_ptr<double>();
  for (std::size_t c = 0; c < channels; ++c) {
    const auto [mean, variance] = moments[c];
    values[c] = rows * mean;
    values[channels + c] = rows * (variance + mean * mean);
  }
  values[2 * channels] = rows;
  sum(message);
  const double all = values[2 * channels];
  for (std::size_t c = 0; c < channels; ++c) {
    const double mean = values[c] / all;
    moments[c] = {mean, std::max(values[channels + c] / all - mean * mean, 0.0)};
  }
  return all;
}

void sum_over_workers(kernels::ChannelPairs& sums, const SumOverWorkers& sum) {
  const at::Tensor message = at::empty({static_cast<std::int64_t>(2 * sums.size())}, at::kDouble);
  auto* values = message.mutable_data_ptr<double>();
  for (std::size_t c = 0; c < sums.size(); ++c) {
    values[2 * c] = sums[c].first;
    values[2 * c + 1] = sums[c].second;
  }
  sum(message);
  for (std::size_t c = 0; c < sums.size(); ++c) sums[c] = {values[2 * c], values[2 * c + 1]};
}

NormalisedByAten normalise_over_workers(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias,
                                        double epsilon, const SumOverWorkers& sum) {
  const at::Tensor values = wide_rows(input);
  const std::int64_t channels = values.size(1);
  const auto [own_variance, own_mean] = at::var_mean(values, at::IntArrayRef{0}, /*correction=*/0);
  const at::Tensor own = own_mean.to(at::kDouble);
  const at::Tensor rows = at::full({1}, static_cast<double>(values.size(0)), own.options());
  const at::Tensor message = at::cat({own.mul(rows), own_variance.to(at::kDouble).add_(own.square()).mul_(rows), rows});
  sum(message);
  NormalisedByAten result;
  result.rows = message.narrow(0, 2 * channels, 1);
  result.mean = message.narrow(0, 0, channels).div(result.rows);
  result.variance = message.narrow(0, channels, channels).div(result.rows).sub_(result.mean.square()).clamp_min_(0.0);
  result.inverse = result.variance.add(epsilon).rsqrt_();
  const at::Tensor scale = result.inverse.mul(weight);
  const at::Tensor shift = result.mean.mul(scale).neg_().add_(bias);
  result.values = values.mul(scale.to(values.scalar_type()))
                      .add_(shift.to(values.scalar_type()))
                      .to(input.scalar_type())
                      .view(input.sizes());
  return result;
}

GradientsByAten normalise_over_workers_backward(const at::Tensor& gradient, const at::Tensor& input,
                                                const at::Tensor& weight, const at::Tensor& mean,
                                                const at::Tensor& inverse, const at::Tensor& rows,
                                                const SumOverWorkers& sum) {
  const at::Tensor wide = wide_rows(gradient);
  const at::ScalarType dtype = wide.scalar_type();
  const std::int64_t channels = wide.size(1);
  const at::Tensor centred = wide_rows(input).sub(mean.to(dtype));
  const at::Tensor message =
      at::cat({wide.sum(at::IntArrayRef{0}), wide.mul(centred).sum(at::IntArrayRef{0})}).to(at::kDouble);
  GradientsByAten result;
  result.bias = message.narrow(0, 0, channels).clone();
  result.weight = message.narrow(0, channels, channels).mul(inverse);
  sum(message);
  const at::Tensor scale = inverse.mul(weight);
  const at::Tensor slope = message.narrow(0, channels, channels).mul(inverse.square()).mul_(scale).div_(rows).neg_();
  const at::Tensor constant = message.narrow(0, 0, channels).mul(scale).div_(rows).neg_();
  result.input = wide.mul(scale.to(dtype))
                     .add_(centred.mul_(slope.to(dtype)))
                     .add_(constant.to(dtype))
                     .to(gradient.scalar_type())
                     .view(gradient.sizes());
  return result;
}

}  // namespace sac
