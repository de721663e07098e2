#pragma once
#include <string>

#include "results/compare.h"

namespace sac {

/// A comparison for the terminal: the setting, a table of means with 95 % intervals, effects against the baseline,
/// notes.
/// @param color  bold headers.
std::string comparison_text(const Comparison& comparison, bool color = false);

/// "0.95 [0.91, 0.99]"; "0.95" where the interval is missing or has no width; "-" for nothing. @param scale  multiplies
/// all. @param sign  with a leading +.
std::string effect_text(const std::optional<PairedEffect>& effect, double scale, bool sign);

/// "412 ± 3", or "> 412, 2 of 5 reached" where runs were censored.
std::string target_text(const Summary& when, const TargetSummary& target, double scale);

/// "3", or "1 (single run)".
std::string count_text(const GroupSummary& group);

/// "fashion_mnist, cnn, 4 workers x batch 32, 400 steps, virtual cluster": what the first group ran.
std::string setting_text(const Comparison& comparison);

/// The largest mean of one quantity over the groups, for choosing a unit.
double largest_mean(const Comparison& comparison, Summary GroupSummary::*quantity);

}  // namespace sac
