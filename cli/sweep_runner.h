#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "cli/progress.h"
#include "cli/sweep_children.h"
#include "results/sweep_store.h"

namespace sac {

/// How a sweep is carried out.
struct SweepSettings {
  std::filesystem::path database;
  std::string name;
  std::size_t jobs = 1;   ///< runs at a time, >= 1
  std::int64_t take = 0;  ///< end after starting as many; 0 = when all runs have ended
  bool retry_failed = false;
  EarlyStop early_stop{};
  Strings child_arguments{};  ///< --db and the like
  ProgressDisplay::Style progress = ProgressDisplay::Style::kSilent;
};

/// How a sweep ended.
struct SweepEnd {
  SweepCounts counts;
  bool stopped = false;     ///< by a signal
  bool incomplete = false;  ///< some run of this process did not end well
};

/// Drains one sweep: claims runs, starts them, records how they ended where they could not say so themselves, and waits
/// for those of other processes, taking over what dead ones leave behind.
class SweepRunner {
 public:
  SweepRunner(const BlockedSignals& signals, SweepStore& store, std::int64_t sweep, SweepSettings settings);

  /// @throws StoreError  the database cannot be written any more; nothing finished is lost.
  SweepEnd run();

 private:
  using Time = std::chrono::steady_clock::time_point;

  void start_more();
  void note_ends();
  void note_end(const ChildEnd& end);
  void give_up_hopeless();
  void pass_on(int signal);
  [[nodiscard]] bool is_over() const;
  void show(bool last);

  const BlockedSignals* signals_;
  SweepStore* store_;
  std::int64_t sweep_;
  SweepSettings settings_;
  SweepChildren children_;
  std::set<std::int64_t> tried_;
  std::map<std::int64_t, std::string> hopeless_;  ///< runs told to stop, and why
  SweepCounts counts_;
  int stop_signal_ = 0;
  bool incomplete_ = false;
  std::string trouble_;  ///< with the database, as a child has said it
  Time begin_;
  Time shown_;
  std::int64_t first_steps_ = 0;
  bool open_line_ = false;
};

}  // namespace sac
