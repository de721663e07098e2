#include <cmath>

#include "datasets/load.h"
#include "tests/datasets/fixture.h"

namespace sac {
namespace {

using ::testing::HasSubstr;

Dataset blobs(const ValueMap& given) {
  return load_dataset("blobs", Options(data_options("blobs"), given, "data"), {});
}

TEST(Blobs, HasTheSizesAskedFor) {
  const Dataset data = blobs({{"samples", std::int64_t{30}},
                              {"test_samples", std::int64_t{7}},
                              {"features", std::int64_t{5}},
                              {"classes", std::int64_t{3}}});
  EXPECT_EQ(data.train.inputs.sizes(), at::IntArrayRef({30, 5}));
  EXPECT_EQ(data.test.inputs.sizes(), at::IntArrayRef({7, 5}));
  EXPECT_EQ(data.train.inputs.scalar_type(), at::kFloat);
  EXPECT_EQ(data.classes, 3);
  EXPECT_EQ(data.channels, 5);
  EXPECT_EQ(data.height * data.width, 1);
  EXPECT_TRUE(data.mean.empty());
  for (std::int64_t i = 0; i < 30; ++i) EXPECT_EQ(data.train.targets.data_ptr<std::int64_t>()[i], i % 3);
}

TEST(Blobs, IsAFunctionOfItsOwnOptions) {
  const Dataset a = blobs({});
  EXPECT_TRUE(a.train.inputs.equal(blobs({}).train.inputs));
  EXPECT_EQ(a.hash, blobs({{"train_limit", std::int64_t{10}}}).hash);
  const Dataset other = blobs({{"seed", std::int64_t{1}}});
  EXPECT_FALSE(a.train.inputs.equal(other.train.inputs));
  EXPECT_NE(a.hash, other.hash);
}

TEST(Blobs, MoreSamplesKeepTheFirst) {
  const Dataset few = blobs({{"samples", std::int64_t{50}}});
  const Dataset many = blobs({{"samples", std::int64_t{90}}});
  EXPECT_TRUE(many.train.inputs.narrow(0, 0, 50).equal(few.train.inputs));
  EXPECT_TRUE(many.test.inputs.equal(few.test.inputs));
}

TEST(Blobs, SpreadAroundTheirCentresByTheNoise) {
  const ValueMap size{{"classes", std::int64_t{2}}, {"samples", std::int64_t{20000}}, {"features", std::int64_t{2}}};
  ValueMap exact = size;
  exact["noise"] = 0.0;
  ValueMap noisy = size;
  noisy["noise"] = 0.5;
  const Dataset centres = blobs(exact);
  const Dataset data = blobs(noisy);
  EXPECT_TRUE(centres.train.inputs[0].equal(centres.train.inputs[2]));
  EXPECT_FALSE(centres.train.inputs[0].equal(centres.train.inputs[1]));
  double squares = 0.0;
  const auto* x = data.train.inputs.data_ptr<float>();
  const auto* c = centres.train.inputs.data_ptr<float>();
  for (int i = 0; i < 40000; ++i) squares += std::pow(static_cast<double>(x[i]) - static_cast<double>(c[i]), 2);
  EXPECT_NEAR(std::sqrt(squares / 40000.0), 0.5, 0.01);
}

TEST(Blobs, RefusesWhatNoMachineHolds) {
  const auto huge = [] { blobs({{"samples", std::int64_t{100000000}}, {"features", std::int64_t{10000000}}}); };
  EXPECT_THAT(test::message_of<ConfigError>(huge), HasSubstr("data.samples = 100000000"));
}

TEST(Blobs, RefusesAnUnknownOption) {
  EXPECT_THAT(test::message_of<ConfigError>([] { blobs({{"sample", std::int64_t{1}}}); }), HasSubstr("'samples'"));
}

}  // namespace
}  // namespace sac
