#include "datasets/sampler.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <thread>
#include <utility>

#include "tests/datasets/fixture.h"

namespace sac {
namespace {

using test::message_of;
using ::testing::AllOf;
using ::testing::HasSubstr;
using Indices = std::vector<std::int64_t>;

Indices labels(std::int64_t samples) {
  Indices targets(static_cast<std::size_t>(samples));
  for (std::size_t i = 0; i < targets.size(); ++i) targets[i] = static_cast<std::int64_t>(i) % 10;
  return targets;
}

Indices batch(const Sampler& sampler, std::int64_t rank, std::int64_t step) {
  Indices out;
  sampler.indices(rank, step, out);
  return out;
}

void append(Indices& to, const Indices& more) { to.insert(to.end(), more.begin(), more.end()); }

class SamplerTest : public ::testing::TestWithParam<std::string> {
 protected:
  static Sampler make(std::int64_t samples, std::int64_t workers, std::int64_t batch_size, std::uint64_t seed = 5) {
    return {{.kind = GetParam(), .alpha = 1.0}, labels(samples), workers, batch_size, seed};
  }
};
INSTANTIATE_TEST_SUITE_P(Kinds, SamplerTest, ::testing::Values("iid", "label", "dirichlet"));

TEST_P(SamplerTest, IsAPureFunction) {
  const Sampler sampler = make(300, 4, 7);
  const Sampler same = make(300, 4, 7);
  const Sampler other = make(300, 4, 7, 6);
  const Indices late = batch(sampler, 2, 1000);
  EXPECT_EQ(batch(same, 2, 1000), late);
  EXPECT_NE(batch(other, 2, 1000), late);
  EXPECT_NE(batch(sampler, 1, 1000), late);
}

TEST_P(SamplerTest, GivesTheSameFromManyThreads) {
  const Sampler sampler = make(300, 4, 7);
  std::vector<Indices> seen(4);
  std::vector<std::thread> threads;
  for (std::size_t k = 0; k < seen.size(); ++k) {
    threads.emplace_back([&, k] {
      Indices out;
      for (std::int64_t step = 0; step < 200; ++step) {
        sampler.indices(static_cast<std::int64_t>(k), step, out);
        append(seen[k], out);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t k = 0; k < seen.size(); ++k) {
    Indices expected;
    for (std::int64_t step = 0; step < 200; ++step)
      append(expected, batch(sampler, static_cast<std::int64_t>(k), step));
    EXPECT_EQ(seen[k], expected);
  }
}

TEST_P(SamplerTest, PartsOfABatchMakeTheBatch) {
  const Sampler sampler = make(300, 4, 12);
  for (const std::int64_t parts : {1, 2, 4}) {
    const std::int64_t groups = 4 / parts;
    const Sampler of_groups({.kind = "iid"}, labels(300), groups, 12, 5);
    for (std::int64_t group = 0; group < groups; ++group) {
      Indices whole;
      Indices part;
      for (std::int64_t p = 0; p < parts; ++p) {
        sampler.indices(group, 17, p, parts, part);
        EXPECT_EQ(part.size(), static_cast<std::size_t>(12 / parts));
        append(whole, part);
      }
      if (GetParam() == "iid") {
        EXPECT_EQ(whole, batch(of_groups, group, 17));
      }
      if (parts == 1) {
        EXPECT_EQ(whole, batch(sampler, group, 17));
      }
    }
  }
}

TEST_P(SamplerTest, EveryDrawHasAPlaceOfItsOwn) {
  const Sampler sampler = make(300, 4, 12);
  for (const std::int64_t parts : {1, 2, 4}) {
    std::set<std::pair<std::int64_t, std::int64_t>> seen;
    for (std::int64_t step = 0; step < 40; ++step) {
      for (std::int64_t group = 0; group < 4 / parts; ++group) {
        for (std::int64_t part = 0; part < parts; ++part) {
          const auto [stream, first] = sampler.place(group, step, part, parts);
          EXPECT_EQ(first, sampler.place(group, step, 0, parts).first + part * (12 / parts));
          for (std::int64_t i = 0; i < 12 / parts; ++i) EXPECT_TRUE(seen.insert({stream, first + i}).second);
        }
      }
    }
    if (GetParam() == "iid") {
      EXPECT_EQ(seen.rbegin()->second + 1, static_cast<std::int64_t>(seen.size()));
    }
  }
}

TEST_P(SamplerTest, RefusesPartsThatDoNotDivide) {
  const Sampler sampler = make(300, 4, 10);
  Indices out;
  for (const std::int64_t parts : {0, 3, 4}) {
    EXPECT_THAT(message_of<ConfigError>([&] { sampler.indices(0, 0, 0, parts, out); }),
                AllOf(HasSubstr("over " + std::to_string(parts) + " workers"), HasSubstr("train.batch_size = 10")));
  }
}

TEST(SamplerIid, AnEpochHoldsEachSampleOnce) {
  const Sampler sampler({}, labels(360), 3, 8, 1);
  for (std::int64_t epoch = 0; epoch < 3; ++epoch) {
    Indices seen;
    for (std::int64_t step = 0; step < 15; ++step) {
      for (std::int64_t rank = 0; rank < 3; ++rank) append(seen, batch(sampler, rank, epoch * 15 + step));
    }
    std::sort(seen.begin(), seen.end());
    Indices expected(360);
    std::iota(expected.begin(), expected.end(), std::int64_t{0});
    EXPECT_EQ(seen, expected) << "epoch " << epoch;
  }
}

TEST(SamplerIid, EpochsDiffer) {
  const Sampler sampler({}, labels(64), 1, 64, 1);
  EXPECT_NE(batch(sampler, 0, 0), batch(sampler, 0, 1));
}

/// Law 1: K workers with batch B see together what one worker with batch K B sees, also across the end of an epoch.
TEST(SamplerIid, WorkersTogetherSeeWhatOneWorkerSees) {
  for (const std::int64_t workers : {2, 3, 8}) {
    const Sampler many({}, labels(101), workers, 6, 11);
    const Sampler one({}, labels(101), 1, 6 * workers, 11);
    for (std::int64_t step = 0; step < 40; ++step) {
      Indices together;
      for (std::int64_t rank = 0; rank < workers; ++rank) append(together, batch(many, rank, step));
      EXPECT_EQ(together, batch(one, 0, step));
    }
  }
}

TEST(SamplerIid, ABatchMayHoldSeveralEpochs) {
  const Sampler sampler({}, labels(3), 1, 9, 1);
  Indices seen = batch(sampler, 0, 0);
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(seen, (Indices{0, 0, 0, 1, 1, 1, 2, 2, 2}));
}

TEST(SamplerNonIid, AWorkerSeesItsOwnSamplesOnceAnEpoch) {
  const PartitionConfig config{.kind = "label"};
  const auto targets = labels(400);
  const Sampler sampler(config, targets, 4, 10, 2);
  auto shards = partition(config, targets, 4, 2);
  for (std::int64_t rank = 0; rank < 4; ++rank) {
    auto& own = shards[static_cast<std::size_t>(rank)];
    std::sort(own.begin(), own.end());
    for (std::int64_t epoch = 0; epoch < 2; ++epoch) {
      Indices seen;
      for (std::int64_t step = 0; step < 10; ++step) append(seen, batch(sampler, rank, epoch * 10 + step));
      std::sort(seen.begin(), seen.end());
      EXPECT_EQ(seen, own);
    }
  }
}

TEST(SamplerNonIid, AGroupDrawsFromItsMembersSamples) {
  const PartitionConfig config{.kind = "label"};
  const auto targets = labels(400);
  const Sampler sampler(config, targets, 4, 10, 2);
  const auto shards = partition(config, targets, 4, 2);
  Indices expected = shards[2];
  append(expected, shards[3]);
  Indices seen;
  Indices part;
  for (std::int64_t step = 0; step < 20; ++step) {
    for (std::int64_t p = 0; p < 2; ++p) {
      sampler.indices(1, step, p, 2, part);
      append(seen, part);
    }
  }
  std::sort(seen.begin(), seen.end());
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(seen, expected);
}

TEST(Sampler, CountsStepsOfAnEpoch) {
  EXPECT_EQ(Sampler({}, labels(100), 4, 5, 0).steps_per_epoch(), 5);
  EXPECT_EQ(Sampler({}, labels(101), 4, 5, 0).steps_per_epoch(), 6);
  EXPECT_EQ(Sampler({}, labels(3), 4, 5, 0).steps_per_epoch(), 1);
}

TEST(Sampler, RefusesNothingToDrawFrom) {
  EXPECT_THAT(message_of<ConfigError>([] { Sampler({}, {}, 1, 1, 0); }), HasSubstr("training samples = 0"));
  EXPECT_THAT(message_of<ConfigError>([] { Sampler({}, labels(9), 0, 1, 0); }), HasSubstr("workers = 0"));
  EXPECT_THAT(message_of<ConfigError>([] { Sampler({}, labels(9), 1, 0, 0); }), HasSubstr("train.batch_size = 0"));
}

TEST_P(SamplerTest, BatchesThatGrowStillTakeEverySampleOnceAnEpoch) {
  const BatchSchedule growing(2, 9, 11);
  const Sampler sampler({.kind = GetParam(), .alpha = 1.0}, labels(300), 3, growing, 5);
  const Sampler even({.kind = GetParam(), .alpha = 1.0}, labels(300), 3, 1, 5);
  std::vector<Indices> seen(3), expected(3);
  Indices all, all_expected;
  for (std::int64_t step = 0; step < 40; ++step) {
    for (std::int64_t k = 0; k < 3; ++k) {
      const Indices drawn = batch(sampler, k, step);
      ASSERT_EQ(drawn.size(), static_cast<std::size_t>(growing.at(step)));
      append(seen[static_cast<std::size_t>(k)], drawn);
      append(all, drawn);
    }
  }
  for (std::int64_t step = 0; step < growing.before(40); ++step) {
    for (std::int64_t k = 0; k < 3; ++k) {
      append(expected[static_cast<std::size_t>(k)], batch(even, k, step));
      append(all_expected, batch(even, k, step));
    }
  }
  if (GetParam() == "iid") {
    EXPECT_EQ(all, all_expected);  // one stream for all
  } else {
    EXPECT_EQ(seen, expected);  // a stream a worker
  }
}

TEST(Sampler, WorkersWhoseBatchesGrowAreOneWorkerWhoseBatchGrows) {
  const Sampler many({}, labels(100), 4, BatchSchedule(2, 8, 6), 3);  // 6 divides 8 - 2: every step is a whole one
  const Sampler one({}, labels(100), 1, BatchSchedule(8, 32, 6), 3);
  for (std::int64_t step = 0; step < 20; ++step) {
    Indices together;
    for (std::int64_t k = 0; k < 4; ++k) append(together, batch(many, k, step));
    EXPECT_EQ(together, batch(one, 0, step)) << step;
  }
}

}  // namespace
}  // namespace sac
