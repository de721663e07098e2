#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "results/prediction.h"
#include "results/selection.h"
#include "results/statistics.h"
#include "results/store.h"

namespace sac {

/// What is asked of a comparison.
struct CompareRequest {
  std::vector<std::string> words;  ///< runs and groups, see select(); none = all
  std::string baseline;            ///< see find_group(); "" = the first group
  std::optional<double> target;    ///< accuracy in (0, 1]
  bool suggest_target = false;     ///< where none is given, one that two strategies reach, near the best
  bool strict = false;             ///< refuse what would be a blocking note
  bool allow_unfinished = false;   ///< no finished run is no error: the comparison is empty
};

/// When the runs of a group first reached the target accuracy. Runs that never did are censored: they enter with their
/// end, which makes the means lower bounds.
struct TargetSummary {
  std::size_t reached = 0;
  Summary seconds;
  Summary wire_bytes;
};

/// One group in numbers, over its seeds. Accuracy in [0, 1]; seconds are means over workers, bytes sums over them.
struct GroupSummary {
  RunGroup group;
  Summary accuracy;
  Summary loss;
  Summary seconds;
  Summary throughput;  ///< samples a second of the run's clock, all workers
  Summary compute_s;
  Summary communication_s;
  Summary hidden_communication_s;
  Summary waiting_s;
  Summary idle_s;
  Summary wire_bytes;
  std::optional<TargetSummary> target;
  std::vector<double> accuracy_curve;  ///< mean over seeds, by step; at most kCurveColumns, the last one last
};

/// How many columns a curve in a line of text has.
inline constexpr std::size_t kCurveColumns = 16;

/// A group against the baseline, paired by seed. p-values are Holm-adjusted over the groups, one metric at a
/// time. Nothing where there are no
/// common seeds; ratios also not where a value is zero.
struct Effects {
  std::size_t group = 0;                 ///< its place in `Comparison::groups`
  std::optional<PairedEffect> accuracy;  ///< difference
  std::optional<PairedEffect> seconds;   ///< ratio, as the next ones
  std::optional<PairedEffect> communication_s;
  std::optional<PairedEffect> wire_bytes;
  std::optional<PairedEffect> target_seconds;  ///< nothing where a run of a pair never reached the target
  std::optional<PairedEffect> speed_up;        ///< of samples a second
  std::optional<PairedEffect> efficiency;      ///< speed-up over the ratio of workers
};

/// Something a reader must know before he trusts the numbers.
struct Note {
  std::string text;
  bool blocking = false;  ///< the groups are not comparable; `--strict` refuses
};

struct Comparison {
  std::vector<GroupSummary> groups;  ///< with at least one FINISHED run
  std::vector<RunRecord> runs;       ///< every selected run
  std::size_t baseline = 0;
  std::optional<double> target;
  std::vector<Effects> effects;           ///< every group but the baseline
  std::vector<PredictedRun> predictions;  ///< of the selected real runs, by virtual runs of the whole database
  std::vector<Note> notes;
};

/// @throws UsageError  unknown words or baseline, a target outside (0, 1], nothing finished to compare.
/// @throws Error  exit code 5 with `strict` and a blocking note.
Comparison compare(const Store& store, const CompareRequest& request);

/// Whether and where the groups differ in what should be equal.
std::vector<Note> comparability(const Store& store, const std::vector<GroupSummary>& groups);

}  // namespace sac
