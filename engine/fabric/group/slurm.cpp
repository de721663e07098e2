#include "engine/fabric/group/slurm.h"

#include <charconv>
#include <cstdint>

namespace sac {
namespace {

constexpr const char* kInteractiveStep = "4294967290";  ///< SLURM_STEP_ID of the shell that salloc opens

std::string_view until(std::string_view text, std::string_view ends) {
  return text.substr(0, text.find_first_of(ends));
}

std::optional<int> whole(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 1) return std::nullopt;
  return number;
}

}  // namespace

bool is_srun_task(const Environment& environment) {
  if (!environment.has("SLURM_PROCID")) return environment.has("SLURM_STEP_NUM_TASKS");
  const bool alone = environment.text("SLURM_STEP_NUM_TASKS") == "1";
  if (environment.text("SLURM_STEP_ID") == kInteractiveStep) return false;
  if (alone && environment.has("SLURM_PTY_PORT")) return false;
  if (environment.has_any({"SLURM_STEP_ID", "SLURM_STEPID", "SLURM_STEP_NUM_TASKS", "SLURM_STEP_NODELIST",
                           "SLURM_LAUNCH_NODE_IPADDR"})) {
    return true;
  }
  return environment.text("SLURM_PROCID") != "0" || environment.has("MASTER_ADDR") || !environment.has("SLURM_JOB_ID");
}

std::string first_host(std::string_view list) {
  std::string host;
  while (!list.empty() && list.front() != ',') {
    if (list.front() != '[') {
      const std::string_view plain = until(list, "[,");
      host += plain;
      list.remove_prefix(plain.size());
      continue;
    }
    host += until(list.substr(1), ",-]");
    const auto close = list.find(']');
    list.remove_prefix(close == std::string_view::npos ? list.size() : close + 1);
  }
  return host;
}

std::optional<int> tasks_on_node(std::string_view counts, int node) {
  while (!counts.empty()) {
    const std::string_view group = until(counts, ",");
    counts.remove_prefix(std::min(group.size() + 1, counts.size()));
    const auto times = group.find("(x");
    const std::optional<int> tasks = whole(group.substr(0, times));
    const std::optional<int> nodes = times == std::string_view::npos ? 1 : whole(until(group.substr(times + 2), ")"));
    if (!tasks || !nodes) return std::nullopt;
    if (node < *nodes) return tasks;
    node -= *nodes;
  }
  return std::nullopt;
}

int slurm_port(std::int64_t job, std::int64_t step) {
  constexpr std::int64_t kFirst = 20000;
  constexpr std::int64_t kCount = 12000;
  constexpr std::int64_t kStepsApart = 17;
  return static_cast<int>(kFirst + (job * kStepsApart + step) % kCount);
}

}  // namespace sac
