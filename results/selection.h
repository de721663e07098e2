#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "results/run_record.h"
#include "results/store.h"

namespace sac {

/// Runs of one spec that differ by seed only.
struct RunGroup {
  std::string key;              ///< group_key
  std::string label;            ///< the strategy, with the options that tell it from other finished groups here
  std::vector<RunRecord> runs;  ///< FINISHED, the newest of each seed, by seed; may be empty
  std::size_t repeats = 0;      ///< finished runs left out because a newer one has their seed
  std::size_t unfinished = 0;   ///< runs left out because they are not FINISHED
};

/// What a comparison or a report is about.
struct Selection {
  std::vector<RunRecord> runs;   ///< all, also unfinished ones
  std::vector<RunGroup> groups;  ///< in the order asked for, else by first run
};

/// @param words  run numbers, names, key prefixes, strategies, labels, prefixes of group keys, or
/// sweeps; none = every run.
/// @throws UsageError  a word that fits nothing, with what there is.
Selection select(const Store& store, const std::vector<std::string>& words);

/// The place of the group that `word` names: label, strategy, prefix of its key, or one of its runs.
/// @param thing  what it is wanted for, in the message.  @throws UsageError  none or several fit, naming the choices.
std::size_t find_group(const std::vector<RunGroup>& groups, const std::string& word,
                       const std::string& thing = "baseline");

}  // namespace sac
