#pragma once
#include <string>
#include <vector>

#include "cli/command.h"
#include "results/store.h"

namespace sac {

/// What the commands of `sactool runs` are told.
struct RunsFlags {
  std::string database;
  RunFilter filter;
  std::string tag;
  std::vector<std::string> words;  ///< runs
  std::string run;                 ///< the one to say something of
  std::string note;
  std::vector<std::string> tags;
  bool remove = false;
  bool json = false;
};

/// Prints in what two runs differ: spec, outcome, origin.
ExitCode diff_runs(const RunsFlags& flags, const Globals& globals);
/// Adds or, with `remove`, takes away tags.
ExitCode tag_run(const RunsFlags& flags, const Globals& globals);
/// Sets a run's note.
ExitCode note_run(const RunsFlags& flags, const Globals& globals);

}  // namespace sac
