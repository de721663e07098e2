#include "cli/progress.h"

#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <iostream>
#include <string_view>

#include "results/format.h"

namespace sac {
namespace {

constexpr std::chrono::milliseconds kTerminalInterval(100);
constexpr std::chrono::seconds kPlainInterval(10);

}  // namespace

std::string duration_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::ceil(seconds));
  const auto padded = [](std::int64_t number) { return (number < 10 ? "0" : "") + std::to_string(number); };
  if (whole < 60) return std::to_string(whole) + " s";
  if (whole < 3600) return std::to_string(whole / 60) + " min " + padded(whole % 60) + " s";
  return std::to_string(whole / 3600) + " h " + padded(whole / 60 % 60) + " min";
}

ProgressDisplay::Style ProgressDisplay::style_for(bool quiet) {
  if (quiet) return Style::kSilent;
  const char* terminal = std::getenv("TERM");
  const bool dumb = terminal == nullptr || std::string_view(terminal) == "dumb";
  return isatty(STDERR_FILENO) != 0 && !dumb ? Style::kTerminal : Style::kPlain;
}

void ProgressDisplay::begin(const RunContext& context) {
  strategy_ = context.strategy;
  clock_ = context.fabric == "virtual" ? "virtual" : "time";
  begin_ = shown_ = std::chrono::steady_clock::now();
}

void ProgressDisplay::record(std::span<const MetricPoint> points) {
  for (const MetricPoint& point : points) {
    if (point.series == "accuracy") accuracy_ = point.value;
  }
}

void ProgressDisplay::progress(const Progress& progress) {
  if (style_ == Style::kSilent) return;
  const Time now = std::chrono::steady_clock::now();
  if (first_step_ < 0) first_step_ = progress.step;
  if (now - shown_ < (style_ == Style::kTerminal ? Time::duration(kTerminalInterval) : kPlainInterval)) return;
  shown_ = now;
  open_line_ = style_ == Style::kTerminal;
  const std::string text = line(progress, now);
  std::cerr << (open_line_ ? "\r" + text + "\x1b[K" : text + "\n");  // one write, so that lines stay whole
}

void ProgressDisplay::finish(const RunOutcome& /*outcome*/) {
  if (open_line_) std::cerr << "\r\x1b[K" << std::flush;
  open_line_ = false;
}

std::string ProgressDisplay::line(const Progress& progress, Time now) const {
  const double share = static_cast<double>(progress.step) / static_cast<double>(progress.steps);
  std::string text = strategy_ + "  step " + std::to_string(progress.step) + "/" + std::to_string(progress.steps) +
                     "  " + fixed(share * 100.0, 0) + " %  loss " + significant(progress.train_loss, 4);
  if (!std::isnan(accuracy_)) text += "  accuracy " + fixed(accuracy_ * 100.0, 1) + " %";
  text += "  " + clock_ + " " + significant(progress.seconds, 4) + " s";
  const double elapsed = std::chrono::duration<double>(now - begin_).count();
  const auto done = static_cast<double>(progress.step - first_step_);
  if (done <= 0.0) return text;
  return text + "  left " + duration_text(elapsed / done * static_cast<double>(progress.steps - progress.step));
}

}  // namespace sac
