#include "engine/fabric/group/launch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "engine/core/error.h"
#include "engine/fabric/group/slurm.h"

namespace sac {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using Variables = std::map<std::string, std::string>;

EnvironmentLookup lookup_in(const Variables& variables) {
  return [&variables](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  };
}

std::optional<Launch> launch_of(const Variables& variables) { return launch_from_environment(lookup_in(variables)); }

/// `variables` with some changed; "" unsets.
Variables with(Variables variables, const Variables& changes) {
  for (const auto& [name, value] : changes) variables[name] = value;
  return variables;
}

std::string error_of(const Variables& variables) {
  try {
    launch_of(variables);
  } catch (const ConfigError& error) {
    EXPECT_EQ(error.exit_code(), ExitCode::kUsage);
    EXPECT_THAT(error.what(), Not(HasSubstr("\n")));
    return error.what();
  }
  return "no error";
}

const Variables kTorchrun{{"RANK", "5"},
                          {"WORLD_SIZE", "8"},
                          {"LOCAL_RANK", "1"},
                          {"LOCAL_WORLD_SIZE", "4"},
                          {"MASTER_ADDR", "node1"},
                          {"MASTER_PORT", "29400"},
                          {"TORCHELASTIC_RUN_ID", "exp"},
                          {"TORCHELASTIC_RESTART_COUNT", "2"},
                          {"TORCHELASTIC_USE_AGENT_STORE", "True"}};
const Variables kEnv{{"RANK", "1"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "10.0.0.1"}, {"MASTER_PORT", "29400"}};
const Variables kOpenMpi{{"OMPI_COMM_WORLD_RANK", "2"},
                         {"OMPI_COMM_WORLD_SIZE", "4"},
                         {"OMPI_COMM_WORLD_LOCAL_RANK", "2"},
                         {"OMPI_COMM_WORLD_LOCAL_SIZE", "4"}};
const Variables kMpich{{"PMI_RANK", "1"}, {"PMI_SIZE", "2"}, {"MPI_LOCALRANKID", "1"}, {"MPI_LOCALNRANKS", "2"}};
const Variables kSbatchShell{
    {"SLURM_JOB_ID", "200505"}, {"SLURM_PROCID", "0"}, {"SLURM_LOCALID", "0"},       {"SLURM_NODEID", "0"},
    {"SLURM_NTASKS", "6"},      {"SLURM_NNODES", "3"}, {"SLURM_NODELIST", "n[1-3]"}, {"SLURM_TASKS_PER_NODE", "2(x3)"}};
const Variables kSrun = with(kSbatchShell, {{"SLURM_PROCID", "4"},
                                            {"SLURM_NODEID", "2"},
                                            {"SLURM_STEP_ID", "1"},
                                            {"SLURM_STEP_NUM_TASKS", "5"},
                                            {"SLURM_STEP_NUM_NODES", "3"},
                                            {"SLURM_STEP_NODELIST", "n[2,5-6]"},
                                            {"SLURM_STEP_TASKS_PER_NODE", "2(x2),1"}});

TEST(Launch, NothingSetIsNoLaunch) {
  EXPECT_FALSE(launch_of({}));
  EXPECT_FALSE(launch_of({{"RANK", ""}, {"WORLD_SIZE", ""}, {"MASTER_ADDR", ""}})) << "empty counts as unset";
  EXPECT_FALSE(launch_of({{"PATH", "/bin"}, {"OMP_NUM_THREADS", "1"}, {"TORCHELASTIC_RUN_ID", "left over"}}));
}

TEST(Launch, Torchrun) {
  const Launch launch = launch_of(kTorchrun).value();
  EXPECT_EQ(launch.rank, 5);
  EXPECT_EQ(launch.world_size, 8);
  EXPECT_EQ(launch.local_rank, 1);
  EXPECT_EQ(launch.local_world_size, 4);
  EXPECT_EQ(launch.master_addr, "node1");
  EXPECT_EQ(launch.master_port, 29400);
  EXPECT_TRUE(launch.store_hosted);
  EXPECT_EQ(launch.launcher, "torchrun");
  EXPECT_EQ(launch.session, "exp/2");
  EXPECT_FALSE(launch_of(with(kTorchrun, {{"TORCHELASTIC_USE_AGENT_STORE", "False"}}))->store_hosted);
  EXPECT_FALSE(launch_of(with(kTorchrun, {{"TORCHELASTIC_USE_AGENT_STORE", ""}}))->store_hosted);
  EXPECT_EQ(launch_of(with(kTorchrun, {{"TORCHELASTIC_RESTART_COUNT", ""}}))->session, "exp/0");
}

TEST(Launch, TheFourVariablesOfEnvAreEnough) {
  const Launch remote = launch_of(kEnv).value();
  EXPECT_EQ(remote.launcher, "environment");
  EXPECT_FALSE(remote.store_hosted);
  EXPECT_EQ(remote.local_rank, 0);
  EXPECT_EQ(remote.local_world_size, 1);
  EXPECT_EQ(remote.session, "");
  for (const char* address : {"127.0.0.1", "localhost", "::1"}) {
    const Launch here = launch_of(with(kEnv, {{"MASTER_ADDR", address}})).value();
    EXPECT_EQ(here.local_rank, 1) << "ranks that meet on the loopback share a host";
    EXPECT_EQ(here.local_world_size, 2);
  }
}

TEST(Launch, OurOwnLauncherHostsTheStore) {
  const Launch launch = launch_of(with(kEnv, {{"SACTOOL_LAUNCHER", "1"}})).value();
  EXPECT_TRUE(launch.store_hosted);
  EXPECT_EQ(launch.launcher, "sactool");
}

TEST(Launch, EachMissingVariableIsNamed) {
  for (const char* missing : {"RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"}) {
    const std::string error = error_of(with(kEnv, {{missing, ""}}));
    EXPECT_THAT(error, HasSubstr(std::string("but not ") + missing + ";"));
    EXPECT_THAT(error, AllOf(HasSubstr("half set"), HasSubstr("torchrun, srun or mpirun"), HasSubstr("unset")));
    EXPECT_THAT(error_of({{missing, kEnv.at(missing)}}), HasSubstr(std::string(missing) + "=" + kEnv.at(missing)));
  }
  EXPECT_THAT(error_of({{"RANK", "0"}, {"MASTER_PORT", "1"}}),
              HasSubstr("RANK=0 MASTER_PORT=1, but not WORLD_SIZE, MASTER_ADDR;"));
  EXPECT_THAT(error_of(with(kTorchrun, {{"LOCAL_RANK", ""}})), HasSubstr("but not LOCAL_RANK;"));
  EXPECT_THAT(error_of(with(kTorchrun, {{"LOCAL_WORLD_SIZE", ""}})), HasSubstr("but not LOCAL_WORLD_SIZE;"));
  EXPECT_THAT(error_of({{"LOCAL_RANK", "0"}}), HasSubstr("LOCAL_RANK=0, but not RANK, WORLD_SIZE,"));
  EXPECT_THAT(error_of({{"LOCAL_WORLD_SIZE", "2"}}), HasSubstr("LOCAL_WORLD_SIZE=2, but not RANK,"));
}

TEST(Launch, NumbersAreChecked) {
  for (const char* name : {"RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_PORT"}) {
    for (const char* wrong : {"x", "-1", "1.5", " 1", "1 ", "+1", "0x1", "99999999999999999999"}) {
      const std::string said = std::string(name) + "=" + wrong + " in the environment is no whole number in [";
      EXPECT_THAT(error_of(with(kTorchrun, {{name, wrong}})), HasSubstr(said));
    }
  }
  EXPECT_THAT(error_of(with(kEnv, {{"WORLD_SIZE", "0"}})), HasSubstr("WORLD_SIZE=0"));
  EXPECT_THAT(error_of(with(kEnv, {{"MASTER_PORT", "0"}})), HasSubstr("[1, 65535]"));
  EXPECT_THAT(error_of(with(kEnv, {{"MASTER_PORT", "65536"}})), HasSubstr("MASTER_PORT=65536"));
  EXPECT_THAT(error_of(with(kEnv, {{"RANK", "2"}})), HasSubstr("RANK=2 in the environment must be at most 1"));
  EXPECT_THAT(error_of(with(kTorchrun, {{"LOCAL_RANK", "4"}})), HasSubstr("LOCAL_RANK=4"));
  EXPECT_THAT(error_of(with(kTorchrun, {{"LOCAL_WORLD_SIZE", "9"}})), HasSubstr("LOCAL_WORLD_SIZE=9"));
  EXPECT_EQ(launch_of(with(kEnv, {{"MASTER_PORT", "65535"}}))->master_port, 65535);
}

TEST(Launch, OpenMpiOnOneHostNeedsNoAddress) {
  const Launch launch = launch_of(kOpenMpi).value();
  EXPECT_EQ(launch.rank, 2);
  EXPECT_EQ(launch.world_size, 4);
  EXPECT_EQ(launch.local_rank, 2);
  EXPECT_EQ(launch.local_world_size, 4);
  EXPECT_EQ(launch.master_addr, "127.0.0.1");
  EXPECT_EQ(launch.master_port, kDefaultPort);
  EXPECT_EQ(launch.launcher, "mpirun");
  EXPECT_FALSE(launch.store_hosted);
}

TEST(Launch, MpirunAcrossHostsNeedsAnAddress) {
  const Variables hosts = with(kOpenMpi, {{"OMPI_COMM_WORLD_LOCAL_SIZE", "3"}});
  EXPECT_THAT(error_of(hosts), HasSubstr("but not MASTER_ADDR;"));
  EXPECT_EQ(launch_of(with(hosts, {{"MASTER_ADDR", "n1"}, {"MASTER_PORT", "4000"}}))->master_port, 4000);
  EXPECT_THAT(error_of(with(kOpenMpi, {{"OMPI_COMM_WORLD_SIZE", ""}})), HasSubstr("OMPI_COMM_WORLD_SIZE"));
  EXPECT_THAT(error_of(with(kOpenMpi, {{"OMPI_COMM_WORLD_RANK", ""}})), HasSubstr("but not OMPI_COMM_WORLD_RANK;"));
  EXPECT_THAT(error_of({{"PMI_RANK", "0"}, {"PMI_SIZE", "2"}}), HasSubstr("but not MASTER_ADDR;"));
  EXPECT_THAT(error_of({{"PMI_RANK", "0"}}), HasSubstr("PMI_RANK=0, but not PMI_SIZE, MASTER_ADDR;"));
}

TEST(Launch, Mpich) {
  const Launch launch = launch_of(kMpich).value();
  EXPECT_EQ(launch.rank, 1);
  EXPECT_EQ(launch.local_world_size, 2);
  EXPECT_EQ(launch.launcher, "mpirun");
  const Launch hosts = launch_of({{"PMI_RANK", "1"}, {"PMI_SIZE", "2"}, {"MASTER_ADDR", "n1"}}).value();
  EXPECT_EQ(hosts.local_rank, 0);
  EXPECT_EQ(hosts.master_port, kDefaultPort);
}

TEST(Launch, Srun) {
  const Launch launch = launch_of(kSrun).value();
  EXPECT_EQ(launch.rank, 4);
  EXPECT_EQ(launch.world_size, 5) << "the step's tasks, not the job's";
  EXPECT_EQ(launch.local_rank, 0);
  EXPECT_EQ(launch.local_world_size, 1) << "the third host has one";
  EXPECT_EQ(launch.master_addr, "n2");
  EXPECT_EQ(launch.master_port, slurm_port(200505, 1));
  EXPECT_EQ(launch.launcher, "srun");
  EXPECT_EQ(launch.session, "200505.1/");
  const Launch given = launch_of(with(kSrun, {{"MASTER_ADDR", "ib2"}, {"MASTER_PORT", "4000"}})).value();
  EXPECT_EQ(given.master_addr, "ib2");
  EXPECT_EQ(given.master_port, 4000);
}

TEST(Launch, SrunOnOneHostMeetsOnTheLoopback) {
  const Launch launch = launch_of({{"SLURM_JOB_ID", "7"},
                                   {"SLURM_STEP_ID", "0"},
                                   {"SLURM_PROCID", "1"},
                                   {"SLURM_LOCALID", "1"},
                                   {"SLURM_NTASKS", "2"},
                                   {"SLURM_NNODES", "1"},
                                   {"SLURM_STEP_NODELIST", "n4"}})
                            .value();
  EXPECT_EQ(launch.master_addr, "127.0.0.1");
  EXPECT_EQ(launch.local_world_size, 2);
}

TEST(Launch, SrunWithoutAListOfHostsTakesTheAddressOfSrun) {
  Variables variables = with(kSrun, {{"SLURM_STEP_NODELIST", ""}, {"SLURM_NODELIST", ""}});
  EXPECT_THAT(error_of(variables), HasSubstr("but not MASTER_ADDR;"));
  variables["SLURM_LAUNCH_NODE_IPADDR"] = "10.1.2.3";
  EXPECT_EQ(launch_of(variables)->master_addr, "10.1.2.3");
  EXPECT_THAT(error_of(with(variables, {{"SLURM_JOB_ID", ""}})), HasSubstr("but not MASTER_PORT;"));
}

TEST(Launch, AShellOfAJobIsNoRank) {
  EXPECT_FALSE(launch_of(kSbatchShell));
  EXPECT_FALSE(launch_of({{"SLURM_JOB_ID", "7"}, {"SLURM_NTASKS", "4"}, {"SLURM_NNODES", "2"}})) << "salloc";
  const Variables one = with(kSrun, {{"SLURM_PROCID", "0"}, {"SLURM_STEP_NUM_TASKS", "1"}});
  EXPECT_TRUE(launch_of(with(one, {{"SLURM_STEP_TASKS_PER_NODE", "1"}}))) << "srun -n 1";
  EXPECT_FALSE(launch_of(with(one, {{"SLURM_PTY_PORT", "4444"}}))) << "srun --pty bash";
  EXPECT_FALSE(launch_of(with(one, {{"SLURM_STEP_ID", "4294967290"}}))) << "salloc's interactive step";
  EXPECT_TRUE(launch_of(with(kSrun, {{"SLURM_PTY_PORT", "4444"}}))) << "srun -n 5 inside such a shell";
}

TEST(Launch, SrunHalfSet) {
  EXPECT_THAT(error_of(with(kSrun, {{"SLURM_PROCID", ""}})), HasSubstr("but not SLURM_PROCID;"));
  EXPECT_THAT(error_of(with(kSrun, {{"SLURM_STEP_NUM_TASKS", ""}, {"SLURM_NTASKS", ""}})),
              HasSubstr("but not SLURM_NTASKS;"));
  EXPECT_THAT(error_of(with(kSrun, {{"SLURM_PROCID", "x"}})), HasSubstr("SLURM_PROCID=x"));
  EXPECT_THAT(error_of(with(kSrun, {{"SLURM_PROCID", "5"}})), HasSubstr("SLURM_PROCID=5"));
}

TEST(Launch, TheInnermostLauncherCounts) {
  EXPECT_EQ(launch_of(with(kSrun, kTorchrun))->launcher, "torchrun");
  EXPECT_EQ(launch_of(with(kSrun, kOpenMpi))->launcher, "mpirun");
  EXPECT_EQ(launch_of(with(kSrun, kMpich))->launcher, "mpirun");
  EXPECT_EQ(launch_of(with(kSrun, {{"PMI_RANK", "4"}, {"PMI_SIZE", "5"}}))->launcher, "srun") << "srun --mpi=pmi2";
  EXPECT_EQ(launch_of(with(kSbatchShell, kOpenMpi))->launcher, "mpirun");
}

TEST(Launch, VariablesExportedForSrunMayStand) {
  const Variables exported{{"WORLD_SIZE", "5"}, {"MASTER_ADDR", "n2"}, {"MASTER_PORT", "4000"}};
  EXPECT_EQ(launch_of(with(kSrun, exported))->rank, 4);
  EXPECT_THAT(error_of(with(kSrun, {{"WORLD_SIZE", "6"}})),
              AllOf(HasSubstr("WORLD_SIZE=6"), HasSubstr("5 ranks that srun started")));
}

TEST(Slurm, TheFirstHostOfAList) {
  EXPECT_EQ(first_host("n1"), "n1");
  EXPECT_EQ(first_host("n1,n2"), "n1");
  EXPECT_EQ(first_host("n[01-04]"), "n01");
  EXPECT_EQ(first_host("n[7,9-12],login"), "n7");
  EXPECT_EQ(first_host("rack[1-2]n[03,05]-ib,b"), "rack1n03-ib");
  EXPECT_EQ(first_host("gpu-a.example.org,gpu-b"), "gpu-a.example.org");
  EXPECT_EQ(first_host("n[1"), "n1");
  EXPECT_EQ(first_host(""), "");
}

TEST(Slurm, TasksOfAHost) {
  EXPECT_EQ(tasks_on_node("4", 0), 4);
  EXPECT_EQ(tasks_on_node("4(x2),3", 1), 4);
  EXPECT_EQ(tasks_on_node("4(x2),3", 2), 3);
  EXPECT_EQ(tasks_on_node("2,1(x3),5", 4), 5);
  for (const char* wrong : {"", "x", "2(x", "2(xa)", "0", "2(x2)"}) {
    EXPECT_EQ(tasks_on_node(wrong, 3), std::nullopt) << wrong;
  }
}

TEST(Slurm, PortsOfStepsAreApart) {
  EXPECT_NE(slurm_port(100, 0), slurm_port(100, 1));
  EXPECT_NE(slurm_port(100, 1), slurm_port(101, 0));
  for (const std::int64_t job : {0, 1, 200505, 99999999}) {
    EXPECT_GE(slurm_port(job, 3), 20000);
    EXPECT_LT(slurm_port(job, 3), 32000);
  }
}

}  // namespace
}  // namespace sac
