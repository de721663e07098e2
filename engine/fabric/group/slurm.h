#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/fabric/group/environment.h"

namespace sac {

/// True for a task that srun started. A shell of sbatch or salloc has SLURM_JOB_ID and even SLURM_PROCID=0 but no
/// SLURM_STEP_*; a shell of `srun --pty` or of salloc's interactive step is one task that nobody meant as a rank.
bool is_srun_task(const Environment& environment);

/// The first name of a compressed host list: "rack[1-2]n[01-04,07]-ib,login" -> "rack1n01-ib".
std::string first_host(std::string_view list);

/// How many tasks run on host number `node` of a list like "4(x2),3"; nothing where the list does not say.
std::optional<int> tasks_on_node(std::string_view counts, int node);

/// A port for the ranks of one job step, in [20000, 31999]: below what systems hand out by themselves, and apart for
/// steps that run side by side.
int slurm_port(std::int64_t job, std::int64_t step);

}  // namespace sac
