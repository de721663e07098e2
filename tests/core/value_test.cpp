#include "engine/core/value.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>

namespace sac {
namespace {

TEST(Shortest, ReadsBackAsTheSameDouble) {
  for (const double number : {0.1, 1.0 / 3.0, 1e-5, 1e300, 5e-324, 123456789.123456789, -0.0, 1e22}) {
    EXPECT_EQ(std::strtod(shortest(number).c_str(), nullptr), number);
  }
  EXPECT_EQ(shortest(0.1), "0.1");
  EXPECT_EQ(shortest(1e-5), "1e-05");
  EXPECT_EQ(shortest(std::nan("")), "nan");
  EXPECT_EQ(shortest(-std::numeric_limits<double>::infinity()), "-inf");
}

TEST(ToToml, WritesEveryType) {
  EXPECT_EQ(to_toml(Value(true)), "true");
  EXPECT_EQ(to_toml(Value(std::int64_t{-3})), "-3");
  EXPECT_EQ(to_toml(Value(0.1)), "0.1");
  EXPECT_EQ(to_toml(Value(2.0)), "2.0");
  EXPECT_EQ(to_toml(Value(1e20)), "1e+20");
  EXPECT_EQ(to_toml(Value(std::numeric_limits<double>::infinity())), "inf");
  EXPECT_EQ(to_toml(Value(std::string("adam"))), "\"adam\"");
  EXPECT_EQ(to_toml(Value(Ints{128, 64})), "[128, 64]");
  EXPECT_EQ(to_toml(Value(Doubles{1.0, 0.5})), "[1.0, 0.5]");
  EXPECT_EQ(to_toml(Value(Strings{"a", "b"})), "[\"a\", \"b\"]");
  EXPECT_EQ(to_toml(Value(Ints{})), "[]");
}

TEST(ToToml, EscapesStrings) {
  EXPECT_EQ(to_toml(Value(std::string("a\"b\\c\n\x7f"))), R"("a\"b\\c\u000A\u007F")");
  EXPECT_EQ(to_toml(Value(std::string("Grüße"))), "\"Grüße\"");
}

TEST(ToToml, SortsTablesAndKeysWithRootKeysFirst) {
  const ValueMap values{{"train.steps", std::int64_t{10}},
                        {"cluster.workers", std::int64_t{4}},
                        {"cluster.network.latency_s", 5e-5},
                        {"name", std::string("demo")},
                        {"cluster.zone", std::string("a")}};
  EXPECT_EQ(to_toml(values),
            "name = \"demo\"\n"
            "\n[cluster]\nworkers = 4\nzone = \"a\"\n"
            "\n[cluster.network]\nlatency_s = 5e-05\n"
            "\n[train]\nsteps = 10\n");
  EXPECT_EQ(to_toml(ValueMap{}), "");
}

TEST(TypeName, NamesTheTypeAsAReaderWould) {
  EXPECT_EQ(type_name(Value(true)), "a boolean");
  EXPECT_EQ(type_name(Value(std::int64_t{1})), "an integer");
  EXPECT_EQ(type_name(Value(1.0)), "a number");
  EXPECT_EQ(type_name(Value(std::string())), "a string");
  EXPECT_EQ(type_name(Value(Ints{})), "a list of integers");
  EXPECT_EQ(type_name(Value(Doubles{})), "a list of numbers");
  EXPECT_EQ(type_name(Value(Strings{})), "a list of strings");
}

}  // namespace
}  // namespace sac
