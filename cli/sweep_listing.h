#pragma once
#include <map>
#include <string>
#include <vector>

#include "experiments/sweep.h"

namespace sac {

/// The runs of a sweep for a reader of `sweep --dry-run`, with what the database, where there is one, says of them.
class SweepListing {
 public:
  SweepListing(const SweepPlan& plan, const std::vector<RunContext>& runs, const std::string& database);
  [[nodiscard]] std::string text(bool color) const;
  [[nodiscard]] std::string json() const;

 private:
  [[nodiscard]] std::string status_of(const RunContext& run) const;

  const SweepPlan* plan_;
  const std::vector<RunContext>* runs_;
  std::map<std::string, std::string> statuses_;  ///< by key
};

/// An array job: one task a run, each draining the sweep by one run.
/// @param argv  of this command; --emit, --jobs and --take are left out.
std::string slurm_script(const std::string& name, std::size_t runs, const Strings& argv);

}  // namespace sac
