#include "engine/optim/adam_options.h"

#include <utility>

namespace sac {

std::vector<OptionSpec> adam_option_specs(double eps, std::string decay_doc) {
  return {{.name = "beta1", .fallback = 0.9, .doc = "decay of the first moment", .min = 0.0, .max = kBelowOne},
          {.name = "beta2", .fallback = 0.999, .doc = "decay of the second moment", .min = 0.0, .max = kBelowOne},
          {.name = "eps", .fallback = eps, .doc = "added to the denominator", .min = 0.0, .max = 1.0, .min_open = true},
          {.name = "weight_decay", .fallback = 0.01, .doc = std::move(decay_doc), .min = 0.0, .max = 1e6}};
}

AdamOptions adam_options(const Options& options) {
  return {.beta1 = options.number("beta1"),
          .beta2 = options.number("beta2"),
          .eps = options.number("eps"),
          .weight_decay = options.number("weight_decay")};
}

}  // namespace sac
