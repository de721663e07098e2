#pragma once
#include <string>

namespace sac {

/// Law 6 on QuadraticProblem: SGD whose gradients are averaged through CompressedMean with error feedback, as all
/// strategies average them. @return the largest element of |x_T - mean_k e_k - (x_0 - mean_k sum_t lr g_k,t)|.
/// @throws ConfigError  no such codec, or none that feeds errors back.
double lost_by_feedback(const std::string& codec);

}  // namespace sac
