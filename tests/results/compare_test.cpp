#include "results/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/core/error.h"
#include "results/compare_table.h"
#include "tests/results/fixture.h"

namespace sac {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

class CompareTest : public ResultsTest {
 protected:
  CompareTest() : store_(Store::open(file(), Store::Mode::kWrite)) {}

  void add(const std::string& strategy, std::uint64_t seed, double accuracy, double seconds) {
    store_run(store_, sample_context(strategy, seed), sample_outcome(accuracy, seconds), curve(accuracy, seconds));
  }

  /// Half the accuracy at half the time, then all of it.
  static std::vector<MetricPoint> curve(double accuracy, double seconds) {
    return {{.series = "accuracy", .step = 50, .seconds = seconds / 2, .wire_bytes = 30, .value = accuracy / 2},
            {.series = "accuracy", .step = 100, .seconds = seconds, .wire_bytes = 60, .value = accuracy}};
  }

  [[nodiscard]] Comparison comparison(const CompareRequest& request = {}) const { return compare(store_, request); }

  [[nodiscard]] std::vector<std::string> labels(const CompareRequest& request = {}) const {
    std::vector<std::string> labels;
    for (const GroupSummary& group : comparison(request).groups) labels.push_back(group.group.label);
    return labels;
  }

  Store store_;
};

std::vector<std::string> texts(const std::vector<Note>& notes, bool blocking) {
  std::vector<std::string> texts;
  for (const Note& note : notes) {
    if (note.blocking == blocking) texts.push_back(note.text);
  }
  return texts;
}

TEST_F(CompareTest, RunsThatDifferBySeedFormOneGroup) {
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    add("sync_sgd", seed, 0.80 + 0.01 * static_cast<double>(seed), 10.0);
    add("local_sgd", seed, 0.79 + 0.01 * static_cast<double>(seed), 5.0);
  }
  const Comparison result = comparison();
  ASSERT_EQ(result.groups.size(), 2U);
  EXPECT_EQ(result.groups[0].group.label, "sync_sgd");
  EXPECT_EQ(result.groups[0].accuracy.n, 3U);
  EXPECT_DOUBLE_EQ(result.groups[0].accuracy.mean, 0.81);
  ASSERT_EQ(result.effects.size(), 1U);
  EXPECT_NEAR(result.effects[0].accuracy->estimate, -0.01, 1e-12);
  EXPECT_NEAR(result.effects[0].seconds->estimate, 0.5, 1e-12);
  EXPECT_EQ(result.effects[0].seconds->p, 0.25);
  EXPECT_TRUE(result.notes.empty());
}

TEST_F(CompareTest, OnlyFinishedRunsCountAndOthersAreMentioned) {
  add("sync_sgd", 0, 0.8, 10.0);
  RunOutcome failed = sample_outcome(0.1, 1.0);
  failed.status = RunStatus::kFailed;
  store_run(store_, sample_context("sync_sgd", 1), failed);
  EXPECT_EQ(comparison().groups[0].accuracy.n, 1U);
  EXPECT_THAT(texts(comparison().notes, false), ElementsAre("1 unfinished run(s) left out"));
  EXPECT_THAT(comparison_text(comparison()), HasSubstr("1 (single run)"));
}

TEST_F(CompareTest, ARepeatedSeedIsNoNewEvidence) {
  add("sync_sgd", 0, 0.8, 10.0);
  add("sync_sgd", 0, 0.9, 11.0);
  add("sync_sgd", 1, 0.7, 10.0);
  EXPECT_EQ(comparison().groups[0].accuracy.n, 2U);
  EXPECT_DOUBLE_EQ(comparison().groups[0].accuracy.mean, 0.8) << "the newest of a seed counts";
  EXPECT_THAT(texts(comparison().notes, false), ElementsAre("1 older repeat(s) of a seed left out: no new evidence"));
}

TEST_F(CompareTest, CensoredRunsAreShownNotDropped) {
  add("sync_sgd", 0, 0.90, 400.0);
  add("sync_sgd", 1, 0.80, 420.0);
  CompareRequest request;
  request.target = 0.85;
  const TargetSummary target = comparison(request).groups[0].target.value();
  EXPECT_EQ(target.reached, 1U);
  EXPECT_DOUBLE_EQ(target.seconds.mean, 410.0);
  EXPECT_EQ(target_text(target.seconds, target, 1.0), "> 410, 1 of 2 reached");
  request.target = 0.4;
  EXPECT_EQ(comparison(request).groups[0].target->reached, 2U);
  EXPECT_DOUBLE_EQ(comparison(request).groups[0].target->seconds.mean, 205.0) << "0.45 and 0.40 at half time";
  EXPECT_DOUBLE_EQ(comparison(request).groups[0].target->wire_bytes.mean, 30.0);
}

TEST_F(CompareTest, ATargetReachedExactlyCountsAndBadTargetsAreRefused) {
  add("sync_sgd", 0, 0.85, 400.0);
  CompareRequest request;
  request.target = 0.85;
  EXPECT_EQ(comparison(request).groups[0].target->reached, 1U);
  for (const double bad : {0.0, 1.5, 85.0, -1.0}) {
    request.target = bad;
    EXPECT_THROW(static_cast<void>(comparison(request)), UsageError);
  }
}

TEST_F(CompareTest, EffectsPairCommonSeedsOnly) {
  add("sync_sgd", 0, 0.80, 10.0);
  add("sync_sgd", 1, 0.90, 10.0);
  add("local_sgd", 1, 0.85, 10.0);
  add("local_sgd", 2, 0.10, 10.0);
  const Comparison result = comparison();
  EXPECT_EQ(result.effects[0].accuracy->n, 1U);
  EXPECT_NEAR(result.effects[0].accuracy->estimate, -0.05, 1e-12);
  EXPECT_FALSE(result.effects[0].accuracy->p.has_value());
  EXPECT_THAT(texts(result.notes, false),
              ElementsAre("groups differ in seeds: sync_sgd 0+1, local_sgd 1+2; effects use common seeds only"));
}

TEST_F(CompareTest, GroupsThatCannotBeComparedAreCalledOut) {
  add("sync_sgd", 0, 0.80, 10.0);
  RunContext other = sample_context("staged", 0);
  other.workers = 8;
  other.dataset = "mnist";
  store_run(store_, other, sample_outcome(0.8, 10.0, 8));
  const std::vector<std::string> blocking = texts(comparison().notes, true);
  EXPECT_THAT(blocking, Contains("groups differ in data: sync_sgd fashion_mnist, staged mnist"));
  EXPECT_THAT(blocking, Contains("groups differ in workers: sync_sgd 4, staged 8"));
  EXPECT_THAT(blocking, Contains("groups differ in global batch: sync_sgd 128, staged 256"));
  EXPECT_THAT(comparison_text(comparison()), HasSubstr("WARNING: groups differ in data"));
  CompareRequest strict;
  strict.strict = true;
  try {
    static_cast<void>(comparison(strict));
    FAIL() << "--strict let it pass";
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), ExitCode::kGate);
    EXPECT_THAT(error.what(), HasSubstr("groups differ in workers"));
  }
}

TEST_F(CompareTest, OtherSettingsThatDifferAreNotedAndTellGroupsApart) {
  for (const char* rate : {"0.1", "0.05"}) {
    RunContext context = sample_context("sync_sgd", 0);
    context.group_key = std::string("group") + rate;
    context.spec_toml += std::string("\n[optimizer]\nlearning_rate = ") + rate + "\n";
    store_run(store_, context, sample_outcome(0.8, 10.0));
  }
  EXPECT_THAT(labels(), ElementsAre("sync_sgd learning_rate=0.1", "sync_sgd learning_rate=0.05"));
  EXPECT_THAT(texts(comparison().notes, false),
              ElementsAre("groups differ in optimizer.learning_rate: sync_sgd learning_rate=0.1 0.1, "
                          "sync_sgd learning_rate=0.05 0.05"));
  CompareRequest request;
  request.baseline = "sync_sgd learning_rate=0.05";
  EXPECT_EQ(comparison(request).baseline, 1U);
  request.baseline = "sync_sgd";
  EXPECT_THROW(static_cast<void>(comparison(request)), UsageError) << "fits both";
}

TEST_F(CompareTest, MachinesAndBuildsAreCalledOutWhereSecondsAreReal) {
  for (const char* fabric : {"virtual", "gloo"}) {
    for (const char* host : {"a", "b"}) {
      RunContext context = sample_context(fabric, 0, std::string(fabric) + host);
      context.fabric = fabric;
      context.group_key = std::string(fabric) + host;
      context.provenance = {{"host", host}, {"git_commit", std::string("commit-") + host}};
      store_run(store_, context, sample_outcome(0.8, 10.0));
    }
  }
  CompareRequest request;
  request.words = {"virtuala", "virtualb"};
  EXPECT_THAT(texts(comparison(request).notes, false), ElementsAre("runs differ in git_commit: commit-a, commit-b"));
  request.words = {"glooa", "gloob"};
  EXPECT_THAT(texts(comparison(request).notes, true),
              ElementsAre("runs differ in git_commit: commit-a, commit-b", "runs differ in host: a, b"));
}

TEST_F(CompareTest, WordsChooseRunsAndGroupsInTheirOrder) {
  for (const char* strategy : {"sync_sgd", "local_sgd", "staged"}) {
    for (std::uint64_t seed = 0; seed < 2; ++seed) add(strategy, seed, 0.8, 10.0);
  }
  CompareRequest request;
  request.words = {"staged", "sync_sgd"};
  EXPECT_THAT(labels(request), ElementsAre("staged", "sync_sgd"));
  request.words = {"local_sgd-w4-s1", "1"};
  EXPECT_THAT(labels(request), ElementsAre("local_sgd", "sync_sgd"));
  EXPECT_EQ(comparison(request).groups[0].accuracy.n, 1U);
  request.words = {"stagde"};
  EXPECT_THAT(message_of([&] { return comparison(request).baseline; }), HasSubstr("no run 'stagde' in '"));
  request.words = {};
  request.baseline = "stagde";
  EXPECT_THAT(message_of([&] { return comparison(request).baseline; }),
              HasSubstr("unknown baseline 'stagde'; did you mean 'staged'?"));
}

TEST_F(CompareTest, NothingFinishedIsAnError) {
  EXPECT_THAT(message_of([&] { return comparison().baseline; }), HasSubstr("nothing to compare in '"));
}

TEST_F(CompareTest, TheTableShowsIntervalsEffectsAndTheSmallestP) {
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    add("sync_sgd", seed, 0.80 + 0.01 * static_cast<double>(seed), 10.0);
    add("local_sgd", seed, 0.79 + 0.01 * static_cast<double>(seed), 5.0);
  }
  const std::string text = comparison_text(comparison());
  EXPECT_THAT(text, HasSubstr("fashion_mnist, cnn, 4 workers x batch 32, 100 steps, virtual cluster"));
  EXPECT_THAT(text, HasSubstr("81.00 ± 2.48"));
  EXPECT_THAT(text, HasSubstr("against sync_sgd"));
  EXPECT_THAT(text, HasSubstr("with 3 pairs a single p cannot be below 0.25"));
}

}  // namespace
}  // namespace sac
