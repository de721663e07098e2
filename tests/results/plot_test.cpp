#include "results/plot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "results/axis.h"
#include "results/spec_text.h"

namespace sac {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

std::vector<std::string> texts(const std::vector<Tick>& ticks) {
  std::vector<std::string> texts;
  for (const Tick& tick : ticks) texts.push_back(tick.text);
  return texts;
}

TEST(AxisTest, LinearTicksAreRound) {
  const Scale scale = Scale::fit({0.0, 1234.0}, {0.0, 100.0}, false, true);
  EXPECT_THAT(texts(scale.ticks(5)), ElementsAre("0", "500", "1,000"));
  const Scale small = Scale::fit({0.861, 0.872}, {0.0, 100.0}, false, false);
  EXPECT_THAT(texts(small.ticks(5)), ElementsAre("0.865", "0.870"));
}

TEST(AxisTest, LogTicksArePowersOfTen) {
  const Scale scale = Scale::fit({1.0, 1e6, 0.0, -3.0}, {0.0, 100.0}, true, false);
  EXPECT_THAT(texts(scale.ticks(7)), ElementsAre("1", "10", "100", "1000", "10000", "100000", "1000000"));
  EXPECT_FALSE(scale.shows(0.0));
  EXPECT_NEAR(scale(1e3), 50.0, 1e-9) << "the middle decade lies in the middle";
}

TEST(AxisTest, OneValueOrNoneStillMakesAScale) {
  for (const bool log : {false, true}) {
    for (const std::vector<double>& values : {std::vector<double>{5.0}, std::vector<double>{}}) {
      const Scale scale = Scale::fit(values, {0.0, 100.0}, log, false);
      EXPECT_TRUE(std::isfinite(scale(5.0)));
      EXPECT_LT(scale.ticks(5).size(), 20U);
    }
  }
}

TEST(AxisTest, LogIsWantedBeyondTenfold) {
  EXPECT_TRUE(wants_log({1.0, 11.0}));
  EXPECT_FALSE(wants_log({1.0, 9.0}));
  EXPECT_FALSE(wants_log({0.0, 9.0}));
  EXPECT_FALSE(wants_log({}));
}

TEST(PlotTest, LinesCarryLabelsUnitsDashesAndTips) {
  LinePlot plot{.title = "Accuracy", .x_label = "time (s)", .y_label = "accuracy (%)", .series = {}};
  plot.series.push_back({"a<b", 1, {{0, 10, 9, 11}, {1, 20, 19, 21}}});
  const std::string svg = line_plot(plot);
  for (const char* part : {"time (s)", "accuracy (%)", "a&lt;b", "stroke-dasharray=\"7 3\"", "class=\"band\"",
                           ",1.000,20.00 (19.00 to 21.00)", "class=\"s s1 k1\""}) {
    EXPECT_THAT(svg, HasSubstr(part));
  }
}

TEST(PlotTest, ValuesThatAreNotFiniteNeverReachTheDrawing) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  LinePlot plot{.title = "t", .x_label = "x", .y_label = "y", .series = {{"a", 0, {{nan, nan, nan, nan}}}}};
  EXPECT_THAT(line_plot(plot), HasSubstr("no finite values"));
  const std::string bars = bar_plot({"t", "x", {{"a", 0, nan, std::nullopt, "nan"}}});
  EXPECT_THAT(bars, Not(HasSubstr("\"nan\"")));
  const std::string stacked = stacked_plot({"t", "x", {"compute"}, {{"a", 0, {nan}, "nan"}}});
  EXPECT_THAT(stacked, Not(HasSubstr("width=\"nan")));
}

TEST(PlotTest, StackedPartsAreDrawnEndToEnd) {
  const std::string svg = stacked_plot({"t", "time (s)", {"compute", "waiting"}, {{"a", 0, {3.0, 1.0}, "4 s"}}});
  EXPECT_THAT(svg, HasSubstr("a, compute: 3.00"));
  EXPECT_THAT(svg, HasSubstr("class=\"t t1\""));
}

TEST(SpecTextTest, ReadsCanonicalTomlByDottedKey) {
  EXPECT_THAT(spec_values("name = \"x = y\"\n\n[cluster.network]\nlatency_s = 1e-05\n"),
              ElementsAre(Pair("cluster.network.latency_s", "1e-05"), Pair("name", "x = y")));
  EXPECT_TRUE(spec_values("").empty());
}

TEST(SpecValue, IsTheKeysOfItsTable) {
  const std::string spec = "name = \"x\"\n\n[cluster]\npipeline = 4\nworkers = 8\n\n[cluster.network]\nworkers = 1\n";
  EXPECT_EQ(spec_value(spec, "cluster", "pipeline"), "4");
  EXPECT_EQ(spec_value(spec, "cluster", "workers"), "8");
  EXPECT_EQ(spec_value(spec, "cluster.network", "workers"), "1");
  EXPECT_EQ(spec_value(spec, "cluster.network", "pipeline"), "");
  EXPECT_EQ(spec_value(spec, "train", "pipeline"), "");
  EXPECT_EQ(spec_value("[train]\nsteps = 3", "train", "steps"), "3");
  EXPECT_EQ(spec_value("", "train", "steps"), "");
}

}  // namespace
}  // namespace sac
