#pragma once
#include "engine/nn/kernels.h"
#include "engine/nn/layer.h"

namespace sac {

/// Turns one worker's moments, of `rows` rows, into those of all workers' rows.  @return the number of all rows.
double moments_over_workers(kernels::ChannelPairs& moments, double rows, const SumOverWorkers& sum);

/// Turns one worker's sums into all workers'.
void sum_over_workers(kernels::ChannelPairs& sums, const SumOverWorkers& sum);

/// The same forward and backward passes by ATen, for any device, on activations [B, H, W, C].
struct NormalisedByAten {
  at::Tensor values;    ///< in the input's dtype
  at::Tensor mean;      ///< [C], float64
  at::Tensor inverse;   ///< [C], float64, 1 / standard deviation
  at::Tensor rows;      ///< [1], float64, of all workers
  at::Tensor variance;  ///< [C], float64, biased
};
NormalisedByAten normalise_over_workers(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias,
                                        double epsilon, const SumOverWorkers& sum);

struct GradientsByAten {
  at::Tensor input, weight, bias;
};
/// @param gradient  of the output.  @param mean, inverse, rows  as the way forward has left them.
GradientsByAten normalise_over_workers_backward(const at::Tensor& gradient, const at::Tensor& input,
                                                const at::Tensor& weight, const at::Tensor& mean,
                                                const at::Tensor& inverse, const at::Tensor& rows,
                                                const SumOverWorkers& sum);

}  // namespace sac
