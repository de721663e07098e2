#include "engine/core/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sac {
namespace {

struct Fruit {
  static constexpr const char* kThing = "fruit";
  std::string name;
  int weight = 0;
};

const Register<Fruit> kPear{{.name = "pear", .weight = 2}};
const Register<Fruit> kApple{{.name = "apple", .weight = 1}};

TEST(Registry, HoldsWhatRegisteredItselfByName) {
  EXPECT_THAT(Registry<Fruit>::instance().names(), testing::ElementsAre("apple", "pear"));
  EXPECT_EQ(Registry<Fruit>::instance().at("pear").weight, 2);
}

TEST(Registry, RefusesAnUnknownNameWithTheNearest) {
  try {
    (void)Registry<Fruit>::instance().at("aple");
    FAIL() << "accepted";
  } catch (const ConfigError& error) {
    EXPECT_STREQ(error.what(), "unknown fruit 'aple'; did you mean 'apple'? choices: apple, pear");
  }
}

TEST(Registry, RefusesTheSameNameTwice) {
  Registry<Fruit> registry;
  registry.add({.name = "plum"});
  EXPECT_THROW(registry.add({.name = "plum"}), std::logic_error);
}

}  // namespace
}  // namespace sac
