#include <gtest/gtest.h>

#include "engine/train/strategy.h"
#include "experiments/strategy_laws.h"

namespace sac {
namespace {

TEST(Registry, EveryStrategyKeepsItsLaws) {
  for (const std::string& name : Registry<StrategyEntry>::instance().names()) {
    for (const LawVerdict& verdict : check_laws(name)) {
      EXPECT_TRUE(verdict.holds) << name << ": " << verdict.law << ": " << verdict.figures;
    }
  }
}

}  // namespace
}  // namespace sac
