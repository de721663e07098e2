#pragma once
#include <optional>
#include <string>

#include "engine/fabric/group/environment.h"

namespace sac {

/// Who this process is among the ranks of a real run, and where they meet.
struct Launch {
  int rank = 0;               ///< in [0, world_size)
  int world_size = 1;         ///< ranks of the run
  int local_rank = 0;         ///< among the ranks of this host
  int local_world_size = 1;   ///< ranks of this host
  std::string master_addr{};  ///< host name or address where the store listens
  int master_port = 0;        ///< in [1, 65535]
  bool store_hosted = false;  ///< the launcher hosts the store; else rank 0 has to
  std::string launcher{};     ///< "torchrun", "srun", "mpirun", "sactool" or "environment"
  std::string session{};      ///< of this start of the ranks; keys of an earlier one must not be met. May be empty
};

/// Launch::launcher of ranks that this program has started itself.
constexpr const char* kOwnLauncher = "sactool";

/// Where ranks find each other when an mpirun whose ranks are all on this host says nothing of a port.
constexpr int kDefaultPort = 29500;

/// Reads who this process is from the variables of torchrun (and of env:// in general), mpirun (Open MPI, MPICH, Intel)
/// or srun, in this order: the innermost launcher counts. Empty variables count as unset.
/// - torchrun, env://: RANK WORLD_SIZE MASTER_ADDR MASTER_PORT, and LOCAL_RANK with LOCAL_WORLD_SIZE or neither.
/// - mpirun: OMPI_COMM_WORLD_* or PMI_* and MPI_LOCAL*; MASTER_ADDR unless all ranks are on this host.
/// - srun: SLURM_PROCID and SLURM_STEP_*; MASTER_ADDR and MASTER_PORT win over what follows from them.
/// @return nothing where no launcher has started this process; a shell of sbatch or salloc is none.
/// @throws ConfigError  half set (naming what is set, what is missing and the choices), no number, out of range.
std::optional<Launch> launch_from_environment(const EnvironmentLookup& lookup);

}  // namespace sac
