#include "engine/fabric/group/launch.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "engine/core/error.h"
#include "engine/fabric/group/slurm.h"

namespace sac {
namespace {

constexpr int kMaxRanks = 65536;
constexpr int kMaxPort = 65535;

/// What a launcher calls the place of a rank.
struct Names {
  const char* launcher;
  const char* rank;
  const char* size;
  const char* local_rank;
  const char* local_size;
};

constexpr Names kEnv{"environment", "RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"};
constexpr Names kOpenMpi{"mpirun", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK",
                         "OMPI_COMM_WORLD_LOCAL_SIZE"};
constexpr Names kMpich{"mpirun", "PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "MPI_LOCALNRANKS"};
constexpr Names kSlurm{"srun", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID", "SLURM_STEP_TASKS_PER_NODE"};

[[noreturn]] void refuse_half_set(const Environment& environment, const Names& names, const Strings& missing) {
  const Strings set = environment.assignments(
      {names.rank, names.size, names.local_rank, names.local_size, "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"});
  Strings unique;
  for (const std::string& assignment : set) {
    if (std::ranges::find(unique, assignment) == unique.end()) unique.push_back(assignment);
  }
  throw ConfigError("the launch environment is half set: " + join(unique, " ") + ", but not " + join(missing, ", ") +
                    "; set RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT (and both or none of LOCAL_RANK and "
                    "LOCAL_WORLD_SIZE), start with torchrun, srun or mpirun, or unset them all to start local ranks");
}

std::optional<std::int64_t> whole_number(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return !text.empty() && error == std::errc() && *end == '\0' && number >= 0 ? std::optional(number) : std::nullopt;
}

/// What has been read so far; `missing` names what has not been found.
struct Draft {
  std::optional<int> rank, size, local_rank, local_size;
  std::string address;
  std::optional<int> port;
  Strings missing;
};

Draft read_numbers(const Environment& environment, const Names& names) {
  Draft draft;
  draft.rank = environment.number(names.rank, 0, kMaxRanks - 1);
  draft.size = environment.number(names.size, 1, kMaxRanks);
  draft.local_rank = environment.number(names.local_rank, 0, kMaxRanks - 1);
  draft.address = environment.text("MASTER_ADDR");
  draft.port = environment.number("MASTER_PORT", 1, kMaxPort);
  if (!draft.rank) draft.missing.emplace_back(names.rank);
  if (!draft.size) draft.missing.emplace_back(names.size);
  return draft;
}

/// The local numbers come both or none.
void read_local_size(const Environment& environment, const Names& names, Draft& draft) {
  draft.local_size = environment.number(names.local_size, 1, kMaxRanks);
  if (draft.local_rank && !draft.local_size) draft.missing.emplace_back(names.local_size);
  if (draft.local_size && !draft.local_rank) draft.missing.emplace_back(names.local_rank);
}

bool is_loopback(const std::string& address) {
  return address == "localhost" || address == "::1" || address.starts_with("127.");
}

void refuse_above(const char* name, int value, int max, const char* size_name, int size) {
  if (value <= max) return;
  throw ConfigError(std::string(name) + "=" + std::to_string(value) + " in the environment must be at most " +
                    std::to_string(max) + ", for " + size_name + " is " + std::to_string(size));
}

/// A draft in which nothing is missing, as a launch.
Launch finish(const Environment& environment, const Names& names, const Draft& draft) {
  if (!draft.missing.empty()) refuse_half_set(environment, names, draft.missing);
  Launch launch{.rank = *draft.rank,
                .world_size = *draft.size,
                .master_addr = draft.address,
                .master_port = *draft.port,
                .launcher = names.launcher};
  refuse_above(names.rank, launch.rank, launch.world_size - 1, names.size, launch.world_size);
  const bool together = is_loopback(launch.master_addr);
  launch.local_rank = draft.local_rank.value_or(together ? launch.rank : 0);
  launch.local_world_size = draft.local_size.value_or(together ? launch.world_size : 1);
  refuse_above(names.local_size, launch.local_world_size, launch.world_size, names.size, launch.world_size);
  refuse_above(names.local_rank, launch.local_rank, launch.local_world_size - 1, names.local_size,
               launch.local_world_size);
  const auto stated = environment.number("WORLD_SIZE", 1, kMaxRanks);
  if (stated.value_or(launch.world_size) != launch.world_size) {
    throw ConfigError("WORLD_SIZE=" + std::to_string(*stated) + " in the environment contradicts the " +
                      std::to_string(launch.world_size) + " ranks that " + names.launcher + " started; unset it");
  }
  return launch;
}

/// torchrun, our own launcher, or somebody who follows env://.
Launch from_variables(const Environment& environment) {
  Draft draft = read_numbers(environment, kEnv);
  read_local_size(environment, kEnv, draft);
  if (draft.address.empty()) draft.missing.emplace_back("MASTER_ADDR");
  if (!draft.port) draft.missing.emplace_back("MASTER_PORT");
  Launch launch = finish(environment, kEnv, draft);
  if (environment.has("SACTOOL_LAUNCHER")) {
    launch.launcher = kOwnLauncher;
    launch.store_hosted = true;
  } else if (environment.has("TORCHELASTIC_RUN_ID")) {
    const std::string restarts = environment.text("TORCHELASTIC_RESTART_COUNT");
    launch.launcher = "torchrun";
    launch.store_hosted = environment.text("TORCHELASTIC_USE_AGENT_STORE") == "True";
    launch.session = environment.text("TORCHELASTIC_RUN_ID") + "/" + (restarts.empty() ? "0" : restarts);
  }
  return launch;
}

Launch from_mpi(const Environment& environment, const Names& names) {
  Draft draft = read_numbers(environment, names);
  read_local_size(environment, names, draft);
  const bool together = draft.size && draft.local_size == draft.size;
  if (draft.address.empty() && together) draft.address = "127.0.0.1";
  if (draft.address.empty()) draft.missing.emplace_back("MASTER_ADDR");
  if (!draft.port) draft.port = kDefaultPort;
  return finish(environment, names, draft);
}

/// Tasks of this host; srun says it as a list, older versions or hand-made environments as a quotient at best.
int local_tasks(const Environment& environment, int size) {
  const std::string counts = environment.first_set({kSlurm.local_size, "SLURM_TASKS_PER_NODE"});
  const int node = environment.number("SLURM_NODEID", 0, kMaxRanks - 1).value_or(0);
  const std::string hosts = environment.first_set({"SLURM_STEP_NUM_NODES", "SLURM_NNODES"});
  const int count = hosts.empty() ? 1 : environment.number(hosts.c_str(), 1, kMaxRanks).value_or(1);
  const int even = (size + count - 1) / count;
  return counts.empty() ? even : tasks_on_node(environment.text(counts.c_str()), node).value_or(even);
}

std::string slurm_address(const Environment& environment, bool together) {
  if (together) return "127.0.0.1";
  const std::string list = environment.first_set({"SLURM_STEP_NODELIST", "SLURM_JOB_NODELIST", "SLURM_NODELIST"});
  const std::string host = list.empty() ? "" : first_host(environment.text(list.c_str()));
  return host.empty() ? environment.text("SLURM_LAUNCH_NODE_IPADDR") : host;
}

Launch from_slurm(const Environment& environment) {
  Names names = kSlurm;
  if (!environment.has(names.size)) names.size = "SLURM_NTASKS";
  Draft draft = read_numbers(environment, names);
  if (draft.size) {
    const int tasks = local_tasks(environment, *draft.size);
    draft.local_size = std::min(std::max(tasks, draft.local_rank.value_or(0) + 1), *draft.size);
  }
  if (draft.address.empty()) draft.address = slurm_address(environment, draft.size && draft.local_size == draft.size);
  if (draft.address.empty()) draft.missing.emplace_back("MASTER_ADDR");
  const std::string step_name = environment.first_set({"SLURM_STEP_ID", "SLURM_STEPID"});
  const std::string step = step_name.empty() ? "0" : environment.text(step_name.c_str());
  const std::string job = environment.text("SLURM_JOB_ID");
  if (!draft.port && whole_number(job)) draft.port = slurm_port(*whole_number(job), whole_number(step).value_or(0));
  if (!draft.port) draft.missing.emplace_back("MASTER_PORT");
  Launch launch = finish(environment, names, draft);
  launch.session = job + "." + step + "/" + environment.text("SLURM_RESTART_COUNT");
  return launch;
}

/// srun speaks PMI to its tasks too; an mpirun inside a job does not agree with srun, which started its helpers only.
bool srun_agrees_with_pmi(const Environment& environment) {
  const std::string size = environment.first_set({"SLURM_STEP_NUM_TASKS", "SLURM_NTASKS"});
  return !size.empty() && environment.text("PMI_RANK") == environment.text("SLURM_PROCID") &&
         environment.text("PMI_SIZE") == environment.text(size.c_str());
}

}  // namespace

std::optional<Launch> launch_from_environment(const EnvironmentLookup& lookup) {
  const Environment environment(lookup);
  if (environment.has_any({kEnv.rank, kEnv.local_rank})) return from_variables(environment);
  if (environment.has_any({kOpenMpi.rank, kOpenMpi.size})) return from_mpi(environment, kOpenMpi);
  const bool pmi = environment.has_any({kMpich.rank, kMpich.size});
  const bool srun = is_srun_task(environment);
  if (pmi && !(srun && srun_agrees_with_pmi(environment))) return from_mpi(environment, kMpich);
  if (srun) return from_slurm(environment);
  if (environment.has_any({kEnv.size, kEnv.local_size, "MASTER_ADDR", "MASTER_PORT"})) {
    return from_variables(environment);
  }
  return std::nullopt;
}

}  // namespace sac
