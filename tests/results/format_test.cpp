#include "results/format.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "results/text_table.h"

namespace sac {
namespace {

Summary of(std::size_t n, double mean, std::optional<double> half_width) {
  Summary summary;
  summary.n = n;
  summary.mean = mean;
  summary.half_width = half_width;
  return summary;
}

TEST(FormatTest, MeansCarryTheDecimalsOfTheirColumn) {
  EXPECT_EQ(mean_text(of(3, 0.87058, 0.00204), 100.0), "87.06 ± 0.20");
  EXPECT_EQ(mean_text(of(3, 0.5, 0.01), 1.0, 100.0), "0.50 ± 0.01");
  EXPECT_EQ(mean_text(of(3, 8.445, 0.0004), 1.0, 13.0), "8.4450 ± 0.0004") << "a half-width never vanishes";
  EXPECT_EQ(mean_text(of(3, 0.0003, 0.0), 1.0, 13.0), "0.00030 ± 0") << "nor does a mean";
  EXPECT_EQ(mean_text(of(3, 4.2, 0.0)), "4.200 ± 0");
  EXPECT_EQ(mean_text(of(1, 4.2, std::nullopt)), "4.200");
  EXPECT_EQ(mean_text(of(0, 0.0, std::nullopt)), "-");
  EXPECT_EQ(mean_text(of(2, std::numeric_limits<double>::quiet_NaN(), std::nullopt)), "nan");
}

TEST(FormatTest, SignificantDigitsWithoutNeedlessExponents) {
  EXPECT_EQ(significant(412.34, 3), "412");
  EXPECT_EQ(significant(0.03712, 3), "0.0371");
  EXPECT_EQ(significant(1.2e-7, 2), "1.2e-07");
  EXPECT_EQ(significant(0.0, 3), "0");
  EXPECT_EQ(significant(-INFINITY, 3), "-inf");
  EXPECT_EQ(fixed(-0.001, 2), "0.00");
  EXPECT_EQ(with_sign(fixed(0.314, 2)), "+0.31");
  EXPECT_EQ(with_sign("-0.31"), "-0.31");
  EXPECT_EQ(with_sign("0.00"), "0.00");
}

TEST(FormatTest, UnitsKeepTheLargestAboveOne) {
  EXPECT_EQ(byte_unit(1500.0).name, "kB");
  EXPECT_EQ(byte_unit(999.0).name, "B");
  EXPECT_EQ(byte_unit(2e10).name, "GB");
  EXPECT_EQ(time_unit(0.02).name, "ms");
  EXPECT_EQ(time_unit(400.0).name, "s");
  EXPECT_EQ(time_unit(0.0).name, "s");
}

TEST(FormatTest, PercentAndGroups) {
  EXPECT_EQ(percent(0.85), "85 %");
  EXPECT_EQ(percent(0.8675), "86.75 %");
  EXPECT_EQ(percent(1.0), "100 %");
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(grouped(-1234), "-1,234");
  EXPECT_EQ(grouped(-123), "-123");
}

TEST(FormatTest, TablesAlignByWhatIsSeenAndNamesCannotDriveTheTerminal) {
  TextTable table({"name", "value"});
  table.add({"a\033[31m\n", "1 ± 2"});
  table.add({"longer", "10"});
  EXPECT_EQ(table.text(),
            "name     value\n"
            "a [31m   1 ± 2\n"
            "longer      10\n");
}

}  // namespace
}  // namespace sac
