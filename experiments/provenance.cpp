#include "experiments/provenance.h"

#include <array>
#include <cstdlib>
#include <ctime>

#include "engine/core/error.h"
#include "experiments/build_info.h"
#include "experiments/machine.h"
#include "results/process.h"

namespace sac {
namespace {

constexpr std::array kEnvironment{
    "ATEN_CPU_CAPABILITY", "CUDA_VISIBLE_DEVICES", "LD_PRELOAD",         "MALLOC_ARENA_MAX", "MKL_CBWR",
    "MKL_NUM_THREADS",     "OMP_NUM_THREADS",      "ONEDNN_MAX_CPU_ISA", "SACTOOL_DATA",     "SACTOOL_DB"};

std::string present_environment() {
  Strings found;
  for (const char* name : kEnvironment) {
    if (const char* value = std::getenv(name)) found.push_back(std::string(name) + "=" + value);
  }
  return join(found, " ");
}

}  // namespace

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

std::vector<std::pair<std::string, std::string>> provenance(const Strings& argv, int slots) {
  const BuildInfo& build = build_info();
  return {{"sactool", build.version},
          {"git_commit", build.git_commit},
          {"compiler", build.compiler},
          {"build_type", build.build_type},
          {"sanitizers", build.sanitizers},
          {"libtorch", build.libtorch},
          {"host", host_name()},
          {"cpu", cpu_model()},
          {"cores", std::to_string(usable_cores())},
          {"memory_bytes", std::to_string(memory_bytes())},
          {"slots", std::to_string(slots)},
          {"argv", join(argv, " ")},
          {"environment", present_environment()},
          {"started", utc_now()}};
}

}  // namespace sac
