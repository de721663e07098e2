#include "cli/sweep_runner.h"

#include <iostream>
#include <utility>

#include "cli/db_option.h"
#include "cli/output.h"
#include "cli/scheduled.h"
#include "engine/core/error.h"
#include "engine/fabric/group/local_launcher.h"
#include "results/format.h"

namespace sac {
namespace {

constexpr std::chrono::milliseconds kTick(500);  ///< between looks at what other processes do
constexpr std::chrono::milliseconds kTerminalInterval(500);
constexpr std::chrono::seconds kPlainInterval(10);

}  // namespace

SweepRunner::SweepRunner(const BlockedSignals& signals, SweepStore& store, std::int64_t sweep, SweepSettings settings)
    : signals_(&signals),
      store_(&store),
      sweep_(sweep),
      settings_(std::move(settings)),
      children_(signals, settings_.child_arguments, folder_beside(settings_.database.string(), ".logs")) {}

SweepEnd SweepRunner::run() {
  begin_ = shown_ = std::chrono::steady_clock::now();
  counts_ = store_->counts(sweep_);
  first_steps_ = counts_.steps;
  start_more();
  while (!is_over()) {
    const int signal = signals_->wait(std::chrono::steady_clock::now() + kTick);
    if (signal == SIGINT || signal == SIGTERM) pass_on(signal);
    note_ends();
    give_up_hopeless();
    counts_ = store_->counts(sweep_);
    start_more();
    show(false);
  }
  show(true);
  if (!trouble_.empty()) throw StoreError(trouble_);
  return {.counts = counts_, .stopped = stop_signal_ != 0, .incomplete = incomplete_};
}

bool SweepRunner::is_over() const {
  if (children_.count() > 0) return false;
  if (stop_signal_ != 0 || !trouble_.empty()) return true;
  return settings_.take > 0 || store_->unfinished(sweep_, tried_) == 0;
}

void SweepRunner::start_more() {
  while (stop_signal_ == 0 && trouble_.empty() && children_.count() < settings_.jobs) {
    if (settings_.take > 0 && static_cast<std::int64_t>(tried_.size()) >= settings_.take) return;
    const std::optional<ClaimedRun> run = store_->claim(sweep_, settings_.retry_failed, tried_);
    if (!run) return;
    tried_.insert(run->run);
    children_.start(*run);
  }
}

void SweepRunner::note_ends() {
  for (const ChildEnd& end : children_.reap()) note_end(end);
}

/// Runs that early stopping has no hope for end at their next step; their ends say so.
void SweepRunner::give_up_hopeless() {
  if (!settings_.early_stop.active() || stop_signal_ != 0) return;
  for (const std::int64_t run : children_.runs()) {
    if (hopeless_.contains(run)) continue;
    if (const auto why = store_->why_hopeless(sweep_, run, settings_.early_stop)) {
      hopeless_[run] = *why;
      children_.send(SIGTERM, run);
    }
  }
}

/// What the child's process says, where its row cannot: it was killed, or ended before its run began.
void SweepRunner::note_end(const ChildEnd& end) {
  if (end.exit_code == kDatabaseTrouble) {
    trouble_ = end.error;
    store_->end(end.run.run, "CRASHED", end.error);
    return;
  }
  const auto hopeless = hopeless_.find(end.run.run);
  if (hopeless != hopeless_.end() && end.exit_code == static_cast<int>(ExitCode::kResumable)) {
    store_->give_up(end.run.run, hopeless->second);
    return;
  }
  if (end.signal != 0) {
    const bool before_it_listened = end.signal == stop_signal_;  // to the signal that was passed on
    store_->end(end.run.run, before_it_listened ? "KILLED" : "CRASHED",
                "its process was killed by " + how_it_ended({.signal = end.signal}));
  } else if (end.exit_code != 0 && end.exit_code != static_cast<int>(ExitCode::kResumable)) {
    store_->end_unless_failed(end.run.run,
                              end.error.empty() ? "exit code " + std::to_string(end.exit_code) : end.error);
  }
  if (end.signal != 0 || end.exit_code != 0) incomplete_ = true;
}

void SweepRunner::pass_on(int signal) {
  children_.send(stop_signal_ == 0 ? signal : SIGKILL);
  if (stop_signal_ == 0 && settings_.progress != ProgressDisplay::Style::kSilent) {
    print_note("stopping the runs under way at their next step; once more to stop now");
  }
  stop_signal_ = signal;
}

void SweepRunner::show(bool last) {
  using Style = ProgressDisplay::Style;
  if (settings_.progress == Style::kSilent) return;
  const Time now = std::chrono::steady_clock::now();
  const bool terminal = settings_.progress == Style::kTerminal;
  if (last && open_line_) std::cerr << "\r\x1b[K" << std::flush;
  if (last || now - shown_ < (terminal ? Time::duration(kTerminalInterval) : kPlainInterval)) return;
  shown_ = now;
  open_line_ = terminal;
  std::string text = settings_.name + "  " + std::to_string(counts_.finished) + " of " +
                     std::to_string(counts_.runs()) + " done, " + std::to_string(counts_.running) + " running";
  if (counts_.given_up > 0) text += ", " + std::to_string(counts_.given_up) + " stopped early";
  if (counts_.failed > 0) text += ", " + std::to_string(counts_.failed) + " failed";
  const double elapsed = std::chrono::duration<double>(now - begin_).count();
  const auto done = static_cast<double>(counts_.steps - first_steps_);
  if (done > 0.0) text += "  left " + duration_text(elapsed / done * static_cast<double>(counts_.left_steps));
  std::cerr << (terminal ? "\r" + text + "\x1b[K" : text + "\n") << std::flush;
}

}  // namespace sac
