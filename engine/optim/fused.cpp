#include "engine/optim/fused.h"

#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/_fused_sgd.h>
#include <ATen/ops/full.h>

namespace sac {

void fused_sgd(const at::Tensor& parameters, const at::Tensor& gradients, const at::Tensor& velocity,
               const SgdOptions& options, double lr) {
  const std::vector<at::Tensor> momentum =
      velocity.defined() ? std::vector<at::Tensor>{velocity} : std::vector<at::Tensor>{};
  at::_fused_sgd_({parameters}, {gradients}, momentum, options.weight_decay, options.momentum, lr, /*dampening=*/0.0,
                  options.nesterov, /*maximize=*/false, /*is_first_step=*/false);
}

void fused_adamw(const at::Tensor& parameters, const at::Tensor& gradients, const at::Tensor& first,
                 const at::Tensor& second, const AdamOptions& options, double lr, std::int64_t update) {
  const at::Tensor updates = at::full({}, update, parameters.options().dtype(at::kFloat));
  at::_fused_adamw_({parameters}, {gradients}, {first}, {second}, {}, {updates}, lr, options.beta1, options.beta2,
                    options.weight_decay, options.eps, /*amsgrad=*/false, /*maximize=*/false);
}

}  // namespace sac
