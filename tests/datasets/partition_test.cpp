#include "datasets/partition.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "tests/datasets/fixture.h"

namespace sac {
namespace {

using test::message_of;
using ::testing::AllOf;
using ::testing::HasSubstr;
using Shards = std::vector<std::vector<std::int64_t>>;

/// `samples` labels 0, 1, ..., classes - 1, 0, 1, ...
std::vector<std::int64_t> cyclic(std::int64_t samples, std::int64_t classes) {
  std::vector<std::int64_t> targets(static_cast<std::size_t>(samples));
  for (std::int64_t i = 0; i < samples; ++i) targets[static_cast<std::size_t>(i)] = i % classes;
  return targets;
}

std::size_t labels_of(const std::vector<std::int64_t>& shard, const std::vector<std::int64_t>& targets) {
  std::set<std::int64_t> labels;
  for (const std::int64_t sample : shard) labels.insert(targets[static_cast<std::size_t>(sample)]);
  return labels.size();
}

void expect_each_sample_once(const Shards& shards, std::int64_t samples) {
  std::vector<std::int64_t> all;
  for (const auto& shard : shards) {
    EXPECT_FALSE(shard.empty());
    all.insert(all.end(), shard.begin(), shard.end());
  }
  std::sort(all.begin(), all.end());
  std::vector<std::int64_t> expected(static_cast<std::size_t>(samples));
  std::iota(expected.begin(), expected.end(), std::int64_t{0});
  EXPECT_EQ(all, expected);
}

class PartitionTest : public ::testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Kinds, PartitionTest, ::testing::Values("iid", "label", "dirichlet"));

TEST_P(PartitionTest, AssignsEachSampleOnce) {
  for (const std::int64_t workers : {1, 2, 3, 7, 16}) {
    const auto targets = cyclic(1009, 10);
    const Shards shards = partition({.kind = GetParam(), .alpha = 1.0}, targets, workers, 3);
    ASSERT_EQ(shards.size(), static_cast<std::size_t>(workers));
    expect_each_sample_once(shards, 1009);
  }
}

TEST_P(PartitionTest, IsAFunctionOfTheSeed) {
  const auto targets = cyclic(500, 10);
  const PartitionConfig config{.kind = GetParam(), .alpha = 1.0};
  EXPECT_EQ(partition(config, targets, 4, 1), partition(config, targets, 4, 1));
  EXPECT_NE(partition(config, targets, 4, 1), partition(config, targets, 4, 2));
}

TEST_P(PartitionTest, RefusesMoreWorkersThanSamples) {
  const auto targets = cyclic(5, 5);
  EXPECT_THAT(message_of<ConfigError>([&] { partition({.kind = GetParam()}, targets, 6, 0); }),
              AllOf(HasSubstr("data.partition = \"" + GetParam() + "\""), HasSubstr("of 6 without a sample")));
}

TEST_P(PartitionTest, RefusesNoWorkersAndNoSamples) {
  const auto targets = cyclic(5, 5);
  EXPECT_THAT(message_of<ConfigError>([&] { partition({.kind = GetParam()}, targets, 0, 0); }),
              HasSubstr("workers = 0"));
  EXPECT_THAT(message_of<ConfigError>([&] { partition({.kind = GetParam()}, {}, 1, 0); }), HasSubstr("no samples"));
}

TEST(PartitionByLabel, GivesAWorkerAsManyLabelsAsShards) {
  const auto targets = cyclic(2000, 10);
  for (const std::int64_t each : {1, 2, 5}) {
    const std::int64_t workers = 10;
    const Shards shards = partition({.kind = "label", .labels_per_worker = each}, targets, workers, 9);
    for (const auto& shard : shards) {
      EXPECT_LE(labels_of(shard, targets), static_cast<std::size_t>(each));
      EXPECT_EQ(shard.size(), 200U);
    }
  }
}

TEST(PartitionDirichlet, LargeAlphaIsNearlyEven) {
  const auto targets = cyclic(8000, 10);
  for (const auto& shard : partition({.kind = "dirichlet", .alpha = 1e5}, targets, 4, 0)) {
    EXPECT_NEAR(static_cast<double>(shard.size()), 2000.0, 60.0);
    EXPECT_EQ(labels_of(shard, targets), 10U);
  }
}

TEST(PartitionDirichlet, SmallAlphaGivesEachLabelToFewWorkers) {
  const auto targets = cyclic(6000, 60);
  const Shards shards = partition({.kind = "dirichlet", .alpha = 1e-3}, targets, 3, 0);
  std::size_t holders = 0;
  for (const auto& shard : shards) holders += labels_of(shard, targets);
  EXPECT_LE(holders, 63U);
}

TEST(PartitionDirichlet, TinyAlphaStaysFinite) {
  const auto targets = cyclic(6000, 60);
  expect_each_sample_once(partition({.kind = "dirichlet", .alpha = 1e-9}, targets, 2, 0), 6000);
}

TEST(PartitionDirichlet, NamesAlphaWhenAWorkerStaysEmpty) {
  const auto targets = cyclic(100, 2);
  EXPECT_THAT(message_of<ConfigError>([&] { partition({.kind = "dirichlet", .alpha = 0.001}, targets, 8, 0); }),
              AllOf(HasSubstr("data.alpha = 0.001"), HasSubstr("larger data.alpha")));
}

TEST(Partition, RefusesAnUnknownKind) {
  const auto targets = cyclic(10, 2);
  EXPECT_THAT(message_of<ConfigError>([&] { partition({.kind = "dirichlett"}, targets, 2, 0); }),
              HasSubstr("unknown partition 'dirichlett'; did you mean 'dirichlet'?"));
}

}  // namespace
}  // namespace sac
