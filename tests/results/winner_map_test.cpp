#include "results/winner_map.h"

#include <gmock/gmock.h>

#include "tests/results/fixture.h"

namespace sac {
namespace {

using testing::ElementsAre;

class WinnerMapTest : public ResultsTest {
 protected:
  void add(const std::string& strategy, const std::string& bandwidth, int workers, double seconds, double accuracy) {
    for (std::uint64_t seed = 0; seed < 3; ++seed) {
      RunContext context = sample_context(strategy, seed);
      context.group_key += bandwidth + std::to_string(workers);
      context.key = context.group_key + std::to_string(seed);
      context.spec_toml = "[cluster]\nworkers = " + std::to_string(workers) +
                          "\n\n[cluster.network]\nbandwidth_Bps = " + bandwidth + "\n\n[strategy]\nname = \"" +
                          strategy + "\"\n";
      const double own = seconds + 0.01 * static_cast<double>(seed);
      store_run(store_, context, sample_outcome(accuracy, own),
                {{"accuracy", 50, own / 2, 1, 1, accuracy}, {"accuracy", 100, own, 1, 1, accuracy}});
    }
  }

  Store store_ = Store::open(file(), Store::Mode::kWrite);
};

TEST_F(WinnerMapTest, TheFirstToTheTargetWinsEachCell) {
  for (const int workers : {4, 16}) {
    add("sync_sgd", "1e6", workers, 40.0, 0.9);
    add("sync_sgd", "1e9", workers, workers == 4 ? 4.0 : 5.0, 0.9);
    add("local_sgd", "1e6", workers, 10.0, 0.9);
    add("local_sgd", "1e9", workers, 5.0, workers == 4 ? 0.5 : 0.9);
  }
  CompareRequest request;
  request.target = 0.8;
  const Comparison comparison = compare(store_, request);
  const auto map = winner_map(comparison);
  ASSERT_TRUE(map);
  EXPECT_EQ(map->x_key, "cluster.network.bandwidth_Bps");
  EXPECT_EQ(map->y_key, "cluster.workers");
  EXPECT_THAT(map->xs, ElementsAre("1e6", "1e9"));
  EXPECT_THAT(map->ys, ElementsAre("4", "16"));
  const auto winner = [&](std::size_t y, std::size_t x) {
    return comparison.groups[*map->cells[y][x].winner].group.runs.front().strategy;
  };
  EXPECT_EQ(winner(0, 0), "local_sgd");
  EXPECT_EQ(winner(0, 1), "sync_sgd");
  EXPECT_FALSE(map->cells[0][1].second) << "local_sgd never got there with 4 workers";
  EXPECT_TRUE(map->cells[0][0].sure);
  EXPECT_NEAR(map->cells[0][0].lead, 4.0, 0.01);
  EXPECT_FALSE(map->cells[1][1].sure) << "a tie";
}

TEST_F(WinnerMapTest, NothingWithoutAnAxisOrARival) {
  add("sync_sgd", "1e6", 4, 1.0, 0.9);
  EXPECT_FALSE(winner_map(compare(store_, {})));
  add("local_sgd", "1e9", 4, 1.0, 0.9);
  EXPECT_FALSE(winner_map(compare(store_, {}))) << "the bandwidth goes with the strategy";
}

TEST(ValueText, KeysTellTheirUnits) {
  EXPECT_EQ(value_text("cluster.network.bandwidth_Bps", "125000000.0"), "125 MB/s");
  EXPECT_EQ(value_text("cluster.network.latency_s", "5e-05"), "50.0 us");
  EXPECT_EQ(value_text("cluster.workers", "16"), "16");
  EXPECT_EQ(value_text("cluster.network.bandwidth_Bps", "-1.0"), "-1.0");
}

}  // namespace
}  // namespace sac
