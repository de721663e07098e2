#pragma once
#include "engine/train/executor.h"

namespace sac {

/// The same job without its arithmetic: gradients, updates and evaluation do nothing, while every computation is still
/// charged and every exchange takes place with its sizes. Its clocks and bytes are the job's own where the strategy is
/// oblivious (Traits::oblivious); its losses, accuracy and parameters mean nothing.
Job rehearsal(const Job& job);

/// True where rehearsal(job) takes exactly the time of `job`.
bool can_rehearse(const Job& job);

}  // namespace sac
