#pragma once
#include <string>
#include <vector>

#include "engine/core/options.h"

namespace sac {

/// Of Adam's moments, and of the decay that goes with them.
struct AdamOptions {
  double beta1;
  double beta2;
  double eps;
  double weight_decay;
};

/// @param decay_doc  what weight_decay is, in one line.
std::vector<OptionSpec> adam_option_specs(double eps, std::string decay_doc);
AdamOptions adam_options(const Options& options);

}  // namespace sac
