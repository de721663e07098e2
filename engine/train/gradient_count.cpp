#include "engine/train/gradient_count.h"

#include <algorithm>
#include <cmath>

#include "engine/core/error.h"

namespace sac {

std::vector<OptionSpec> GradientCount::options() {
  constexpr double kMost = 65536;
  return {{.name = "gradients",
           .fallback = std::int64_t{0},
           .doc = "averaged for a change of the model, n; 0 = one a worker",
           .min = 0,
           .max = kMost},
          {.name = "gradients_schedule",
           .fallback = std::string("constant"),
           .doc = "how n grows",
           .choices = {"constant", "linear", "adasync"}},
          {.name = "gradients_growth", .fallback = 1.0, .doc = "linear: added to n a change", .min = 0, .max = kMost},
          {.name = "gradients_window",
           .fallback = std::int64_t{10},
           .doc = "adasync: changes whose mean loss decides the next n",
           .min = 1,
           .max = 1e9},
          {.name = "gradients_max",
           .fallback = std::int64_t{0},
           .doc = "largest n that grows; 0 = one a worker",
           .min = 0,
           .max = kMost}};
}

GradientCount::GradientCount(const Options& options, const std::string& strategy)
    : base_(options.integer("gradients")),
      growth_(options.number("gradients_growth")),
      window_(options.integer("gradients_window")),
      max_(options.integer("gradients_max")) {
  const std::string& name = options.text("gradients_schedule");
  if (name == "linear") kind_ = Kind::kLinear;
  if (name == "adasync") kind_ = Kind::kAdaSync;
  if (kind_ == Kind::kConstant || base_ > 0) return;
  throw ConfigError("strategy '" + strategy + "': gradients_schedule = \"" + name +
                    "\" needs gradients >= 1, the n to start from; got 0, which is one a worker");
}

void GradientCount::prepare(int workers) {
  if (base_ == 0) base_ = workers;
  if (max_ == 0) max_ = workers;
  max_ = std::max(max_, base_);
  needed_ = base_;
}

void GradientCount::taken(double loss) {
  loss_sum_ += loss;
  ++losses_;
}

void GradientCount::changed() {
  ++changes_;
  double wanted = static_cast<double>(base_);
  if (kind_ == Kind::kConstant) return;
  if (kind_ == Kind::kLinear) wanted += std::floor(growth_ * static_cast<double>(changes_));
  if (kind_ == Kind::kAdaSync) {
    if (changes_ % window_ != 0) return;
    const double loss = loss_sum_ / static_cast<double>(losses_);
    loss_sum_ = 0.0;
    losses_ = 0;
    if (changes_ == window_) first_loss_ = loss;
    wanted = std::ceil(wanted * std::sqrt(first_loss_ / loss) - 1e-9);  // of n, not of its rounding error
  }
  if (std::isnan(wanted)) return;
  needed_ = static_cast<std::int64_t>(std::clamp(wanted, static_cast<double>(base_), static_cast<double>(max_)));
}

}  // namespace sac
