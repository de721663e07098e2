#pragma once
#include <string>
#include <vector>

#include "results/compare.h"

namespace sac {

/// A condition that a comparison should not fulfil, e.g. "accuracy < baseline.accuracy - 0.01 or seconds_ratio > 1".
/// Numbers, + - * /, < <= > >= == !=, and, or, not, parentheses, and names:
/// - a quantity (see gate_quantities) of the group under test: every group but the baseline takes its turn, or the
///   baseline where it is alone;
/// - baseline.QUANTITY, or GROUP.QUANTITY with a group's label, in quotes where it is no plain word.
/// @return one line a group that fulfils it, or of which a quantity is missing, for what cannot be checked must not
/// pass; empty = passed.  @throws UsageError  no such expression, quantity or group, with place or choices.
std::vector<std::string> gate_failures(const Comparison& comparison, const std::string& expression);

/// accuracy, loss, seconds, ..., seconds_ratio, seconds_ratio_low, seconds_ratio_p, ...
std::vector<std::string> gate_quantities();

}  // namespace sac
