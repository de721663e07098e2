#include "engine/core/options.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/core/error.h"

namespace sac {
namespace {

const std::vector<OptionSpec> kSpecs{
    {.name = "period", .fallback = std::int64_t{10}, .doc = "steps between averages", .min = 1},
    {.name = "fraction", .fallback = 0.5, .doc = "share of the parameters", .min = 0, .max = 1},
    {.name = "lr", .fallback = 0.1, .doc = "learning rate", .min = 0, .min_open = true},
    {.name = "split", .fallback = std::string("front"), .doc = "which layers", .choices = {"front", "back"}},
    {.name = "overlap", .fallback = false, .doc = "hide communication"},
    {.name = "hidden", .fallback = Ints{128}, .doc = "widths", .min = 1},
    {.name = "speeds", .fallback = Doubles{}, .doc = "a worker", .min = 0, .min_open = true},
    {.name = "tags", .fallback = Strings{}, .doc = "labels"},
};

Options options_of(const ValueMap& given) { return {kSpecs, given, "strategy 'staged'", "strategy."}; }

std::string refusal(const ValueMap& given) {
  try {
    options_of(given);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Options, FillsInDefaults) {
  const Options options = options_of({});
  EXPECT_EQ(options.integer("period"), 10);
  EXPECT_EQ(options.number("fraction"), 0.5);
  EXPECT_EQ(options.text("split"), "front");
  EXPECT_FALSE(options.boolean("overlap"));
  EXPECT_EQ(options.integers("hidden"), Ints{128});
  EXPECT_EQ(options.values().size(), kSpecs.size());
}

TEST(Options, TakesWhatIsGiven) {
  const Options options = options_of({{"period", std::int64_t{4}}, {"overlap", true}, {"split", std::string("back")}});
  EXPECT_EQ(options.integer("period"), 4);
  EXPECT_TRUE(options.boolean("overlap"));
  EXPECT_EQ(options.text("split"), "back");
}

TEST(Options, TakesIntegersWhereNumbersAreAskedFor) {
  const Options options = options_of({{"fraction", std::int64_t{1}}, {"speeds", Ints{1, 2}}});
  EXPECT_EQ(options.number("fraction"), 1.0);
  EXPECT_EQ(options.numbers("speeds"), (Doubles{1.0, 2.0}));
  EXPECT_EQ(to_toml(options.values().at("fraction")), "1.0");
}

TEST(Options, TakesAnEmptyListForAnyList) {
  EXPECT_EQ(refusal({{"hidden", Ints{}}, {"speeds", Ints{}}, {"tags", Ints{}}}), "accepted");
}

TEST(Options, RefusesAnUnknownNameWithTheNearest) {
  EXPECT_EQ(refusal({{"perod", std::int64_t{4}}}),
            "unknown option of strategy 'staged' 'perod'; did you mean 'period'? "
            "choices: period, fraction, lr, split, overlap, hidden, speeds, tags");
  EXPECT_THROW(Options({}, {{"any", true}}, "strategy 'sync_sgd'"), ConfigError);
}

TEST(Options, RefusesAnotherType) {
  EXPECT_EQ(refusal({{"period", 4.5}}), "strategy.period = 4.5 is a number; it must be an integer");
  EXPECT_EQ(refusal({{"overlap", std::string("yes")}}), "strategy.overlap = \"yes\" is a string; it must be a boolean");
  EXPECT_EQ(refusal({{"hidden", Doubles{1.5}}}),
            "strategy.hidden = [1.5] is a list of numbers; it must be a list of integers");
}

TEST(Options, RefusesWhatIsOutOfRange) {
  EXPECT_EQ(refusal({{"period", std::int64_t{0}}}), "strategy.period = 0 is out of range; it must be >= 1");
  EXPECT_EQ(refusal({{"fraction", 1.5}}), "strategy.fraction = 1.5 is out of range; it must be in [0, 1]");
  EXPECT_EQ(refusal({{"lr", 0.0}}), "strategy.lr = 0 is out of range; it must be > 0");
  EXPECT_EQ(refusal({{"lr", std::nan("")}}), "strategy.lr = nan is out of range; it must be > 0");
  EXPECT_EQ(refusal({{"hidden", Ints{8, 0}}}), "strategy.hidden = 0 is out of range; it must be >= 1");
  EXPECT_EQ(refusal({{"speeds", Doubles{1.0, -1.0}}}), "strategy.speeds = -1 is out of range; it must be > 0");
}

TEST(Options, RefusesAnUnknownChoice) {
  EXPECT_EQ(refusal({{"split", std::string("frnt")}}),
            "unknown strategy.split 'frnt'; did you mean 'front'? choices: front, back");
}

TEST(Options, ReadingWhatWasNeverDeclaredIsAMistakeInTheProgram) {
  EXPECT_THROW((void)options_of({}).integer("missing"), std::logic_error);
  EXPECT_THROW((void)options_of({}).integer("fraction"), std::logic_error);
}

TEST(RangeText, ReadsLikeARange) {
  EXPECT_EQ(range_text(kSpecs[0]), ">= 1");
  EXPECT_EQ(range_text(kSpecs[1]), "in [0, 1]");
  EXPECT_EQ(range_text(kSpecs[2]), "> 0");
  EXPECT_EQ(range_text(kSpecs[3]), "one of front, back");
  EXPECT_EQ(range_text(kSpecs[4]), "");
  EXPECT_EQ(range_text({.name = "x", .fallback = 0.5, .doc = "", .max = 2}), "<= 2");
  EXPECT_EQ(range_text({.name = "x", .fallback = 0.5, .doc = "", .min = 0, .max = 2, .min_open = true}), "in (0, 2]");
}

}  // namespace
}  // namespace sac
