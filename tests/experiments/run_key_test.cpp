#include "experiments/run_key.h"

#include "tests/experiments/fixture.h"

namespace sac {
namespace {

RunKey key_of(const std::string& text, const std::string& data_hash = "abc") {
  return run_key(spec_of(text), data_hash, /*weights_hash=*/"");
}

TEST(RunKeyTest, IsAFunctionOfWhatDeterminesTheRun) {
  const RunKey key = key_of("train.steps = 5");
  EXPECT_EQ(key.run.size(), 64u);
  EXPECT_EQ(key_of("train = {steps = 5, seed = 0}").run, key.run);
  EXPECT_EQ(key_of("name = 'other'\ntrain.steps = 5").run, key.run);
  EXPECT_NE(key_of("train.steps = 6").run, key.run);
  EXPECT_NE(key_of("train.steps = 5\ncluster.network.preset = '1gbe'").run, key.run);
  EXPECT_NE(key_of("train.steps = 5", "abd").run, key.run);
}

TEST(RunKeyTest, ReplicatesShareTheGroup) {
  const RunKey one = key_of("train.seed = 1");
  const RunKey two = key_of("train.seed = 2");
  EXPECT_NE(one.run, two.run);
  EXPECT_EQ(one.group, two.group);
  EXPECT_NE(key_of("train.seed = 1\ntrain.batch_size = 8").group, one.group);
}

TEST(RunKeyTest, EpochsAndTheirStepsAreTheSameRun) {
  const RunSpec by_steps = with_steps(spec_of("train.steps = 5"), 5);
  const RunSpec by_epochs = with_steps(spec_of("train.epochs = 1"), 5);
  EXPECT_EQ(run_key(by_steps, "", "").run, run_key(by_epochs, "", "").run);
  EXPECT_NE(run_key(by_steps, "", "a").run, run_key(by_steps, "", "").run);
  EXPECT_NE(run_key(by_steps, "", "a").group, run_key(by_steps, "", "b").group);
}

}  // namespace
}  // namespace sac
