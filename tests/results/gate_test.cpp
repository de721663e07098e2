#include "results/gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/core/error.h"
#include "tests/results/fixture.h"

namespace sac {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// sync_sgd 0.90 in 10 s, local_sgd 0.88 in 5 s and staged 0.91 in 8 s, at two seeds 0.01 apart.
class GateTest : public ResultsTest {
 protected:
  GateTest() : store_(Store::open(file(), Store::Mode::kWrite)) {
    for (std::uint64_t seed = 0; seed < 2; ++seed) {
      const double shift = 0.01 * static_cast<double>(seed);
      store_run(store_, sample_context("sync_sgd", seed), sample_outcome(0.90 + shift, 10.0));
      store_run(store_, sample_context("local_sgd", seed), sample_outcome(0.88 + shift, 5.0));
      store_run(store_, sample_context("staged", seed), sample_outcome(0.91 + shift, 8.0));
    }
  }
  [[nodiscard]] std::vector<std::string> failures(const std::string& expression) const {
    return gate_failures(compare(store_, {}), expression);
  }
  [[nodiscard]] std::string error(const std::string& expression) const {
    return message_of([&] { static_cast<void>(failures(expression)); });
  }
  Store store_;
};

TEST_F(GateTest, EveryGroupButTheBaselineTakesItsTurn) {
  EXPECT_THAT(failures("accuracy < baseline.accuracy - 0.01"),
              ElementsAre("local_sgd: accuracy < baseline.accuracy - 0.01"));
  EXPECT_THAT(failures("seconds > baseline.seconds"), IsEmpty());
  EXPECT_THAT(failures("seconds < 10"), SizeIs(2));
  EXPECT_THAT(failures("staged.seconds >= 8 and 'local_sgd'.seconds <= 5"), SizeIs(2));
  EXPECT_THAT(failures("speed_up < 1.5"), SizeIs(1));
  EXPECT_THAT(failures("accuracy_difference_p < 0.5"), IsEmpty());
}

TEST_F(GateTest, ArithmeticBindsAsUsual) {
  EXPECT_THAT(failures("1 + 2 * 3 == 7 and (1 + 2) * 3 == 9 and 8 / 4 / 2 == 1 and -2 - -3 == 1"), SizeIs(2));
  EXPECT_THAT(failures("not 1 < 2 or 2 <= 1"), IsEmpty());
}

TEST_F(GateTest, WhatCannotBeCheckedDoesNotPass) {
  EXPECT_THAT(
      failures("target_seconds > 1000000"),
      ElementsAre(HasSubstr("local_sgd: cannot be checked without target_seconds of local_sgd"), HasSubstr("staged")));
}

TEST_F(GateTest, WhatIsWrongIsNamed) {
  EXPECT_THAT(error("acuracy < 1"), HasSubstr("did you mean 'accuracy'?"));
  EXPECT_THAT(error("accuracy <"), HasSubstr("it ends where a value should be"));
  EXPECT_THAT(error("accuracy < 1 2"), HasSubstr("'2' where the expression should end"));
  EXPECT_THAT(error("(accuracy < 1"), HasSubstr("')' is missing"));
  EXPECT_THAT(error("stagd.accuracy < 1"), HasSubstr("did you mean 'staged'?"));
  EXPECT_THAT(error("accuracy & 1"), HasSubstr("'&'"));
  EXPECT_THAT(error("'staged.accuracy"), HasSubstr("a quote is not closed"));
  EXPECT_THAT(error(std::string(1000, '(')), HasSubstr("too deep"));
}

}  // namespace
}  // namespace sac
