#include "datasets/jpeg.h"

#include <set>
#include <tuple>

#include "datasets/resample.h"
#include "tests/datasets/fixture.h"
#include "tests/support/jpeg_maker.h"

namespace sac {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;

std::span<const std::uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

Window whole(std::int64_t height, std::int64_t width) { return {0, 0, height, width}; }

Picture decoded(const std::string& jpeg, std::int64_t side, const ChooseWindow& choose = whole) {
  Picture picture;
  decode_jpeg(bytes_of(jpeg), side, choose, "a.jpg", picture);
  return picture;
}

/// [3, side, side].
std::vector<int> scaled(const Picture& picture, std::int64_t side) {
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(3 * side * side));
  resample(picture, side, bytes.data());
  return {bytes.begin(), bytes.end()};
}

/// Rises by one a row and by two a column.
int ramp(unsigned y, unsigned x, int) { return static_cast<int>(y + 2 * x); }

TEST(Jpeg, DecodesAtTheSmallestSizeThatSuffices) {
  const std::string large = test::plain_jpeg(160, 80, {250, 10, 10});
  const Picture full = decoded(large, 80);
  EXPECT_EQ(full.height, 80);
  EXPECT_EQ(full.width, 160);
  const Picture small = decoded(large, 15);
  EXPECT_EQ(small.height, 20);
  EXPECT_EQ(small.rgb.size(), 20U * 40U * 3U);
  EXPECT_NEAR(small.rgb[0], 250, 4);
}

TEST(Jpeg, DecodesOnlyTheRowsOfAWindow) {
  const std::string image = test::make_jpeg(64, 80, ramp);
  const Window window{.top = 33, .left = 8, .height = 20, .width = 40};
  const Picture part = decoded(image, 20, [&](auto, auto) { return window; });
  EXPECT_EQ(part.height, 20);
  EXPECT_EQ(part.top, 0.0);
  EXPECT_EQ(part.left, 8.0);
  const Picture full = decoded(image, 80);
  for (std::size_t i = 0; i < part.rgb.size(); ++i) {
    ASSERT_NEAR(part.rgb[i], full.rgb[static_cast<std::size_t>(33 * 64 * 3) + i], 2) << i;
  }
}

TEST(Jpeg, GreyAndFourColouredImagesBecomeRedGreenBlue) {
  const Picture grey = decoded(test::plain_jpeg(16, 16, {90}, JCS_GRAYSCALE), 16);
  EXPECT_THAT(grey.rgb, Each(::testing::AllOf(::testing::Ge(89), ::testing::Le(91))));
  const Picture inks = decoded(test::plain_jpeg(16, 16, {255, 128, 0, 255}, JCS_CMYK), 16);
  EXPECT_NEAR(inks.rgb[0], 255, 2);
  EXPECT_NEAR(inks.rgb[1], 128, 2);
  EXPECT_NEAR(inks.rgb[2], 0, 2);
  const Picture black = decoded(test::plain_jpeg(16, 16, {255, 128, 0, 0}, JCS_CMYK), 16);
  EXPECT_THAT(black.rgb, Each(::testing::Le(2)));
}

TEST(Jpeg, RefusesInOneLine) {
  const auto refusal = [](const std::string& bytes) {
    return test::message_of<DataError>([&] { check_jpeg(bytes_of(bytes), "a.jpg"); });
  };
  const std::string red = test::plain_jpeg(20, 10, {250, 10, 10});
  EXPECT_EQ(refusal(""), "a.jpg: is empty, no JPEG");
  EXPECT_THAT(refusal("nonsense"), HasSubstr("a.jpg: is no whole JPEG: Not a JPEG file"));
  EXPECT_THAT(refusal(red.substr(0, red.size() - 10)), HasSubstr("a.jpg: is no whole JPEG: Premature end"));
  EXPECT_THAT(refusal(red.substr(0, red.size() - 2)), HasSubstr("a.jpg: is no whole JPEG: Premature end"));
  EXPECT_THAT(refusal(red.substr(0, 50)), HasSubstr("a.jpg: is no whole JPEG: Premature end"));
  EXPECT_NO_THROW(check_jpeg(bytes_of(red + "more"), "a.jpg"));
}

TEST(Resample, HalvesByATriangle) {
  Picture picture{.height = 4, .width = 4, .window_height = 4, .window_width = 4, .rgb = {}};
  for (int i = 0; i < 16; ++i) picture.rgb.insert(picture.rgb.end(), {std::uint8_t(i % 4 * 80), 7, 7});
  // Of four pixels 0, 80, 160, 240 the first result weighs the first three by 3, 3, 1 parts of 7.
  const std::vector<int> square = scaled(picture, 2);
  EXPECT_EQ(square[0], (3 * 80 + 160 + 3) / 7);
  EXPECT_EQ(square[1], (80 + 3 * 160 + 3 * 240 + 3) / 7);
  EXPECT_EQ(square[4], 7);
}

TEST(Resample, LeavesASquareOfItsSizeAsItIs) {
  Picture picture{.height = 2, .width = 4, .left = 1, .window_height = 2, .window_width = 2, .rgb = {}};
  for (int y = 0; y < 2; ++y) {
    for (int x = 0; x < 4; ++x) picture.rgb.insert(picture.rgb.end(), {std::uint8_t(10 * x), std::uint8_t(50 * y), 7});
  }
  EXPECT_EQ(scaled(picture, 2), (std::vector<int>{10, 20, 10, 20, 0, 0, 50, 50, 7, 7, 7, 7}));
}

TEST(Resample, EnlargesLinearly) {
  Picture picture{.height = 2, .width = 2, .window_height = 2, .window_width = 2, .rgb = {}};
  for (const int grey : {0, 100, 0, 100}) picture.rgb.insert(picture.rgb.end(), 3, static_cast<std::uint8_t>(grey));
  const std::vector<int> square = scaled(picture, 4);
  EXPECT_EQ((std::vector<int>{square.begin(), square.begin() + 4}), (std::vector<int>{0, 25, 75, 100}));
}

TEST(Resample, ManyTimesSmallerIsTheMean) {
  const std::string image = test::make_jpeg(256, 256, [](unsigned y, unsigned x, int) { return (x + y) % 2 * 200; });
  for (const int grey : scaled(decoded(image, 3), 3)) EXPECT_NEAR(grey, 100, 3);
}

TEST(Crop, TheCentreIsTheLargestSquare) {
  const Window square = centred_window(10, 21, 1.0);
  EXPECT_EQ(std::make_tuple(square.top, square.left, square.height, square.width), std::make_tuple(0, 5, 10, 10));
  const Window within = centred_window(256, 300, 7.0 / 8.0);
  EXPECT_EQ(std::make_tuple(within.top, within.left, within.height, within.width), std::make_tuple(16, 38, 224, 224));
  EXPECT_EQ(centred_window(1, 1, 0.5).height, 1);
}

TEST(Crop, RandomWindowsKeepToAreaAndRatio) {
  std::set<std::int64_t> tops;
  double area = 0.0;
  constexpr int kWindows = 2000;
  for (int i = 0; i < kWindows; ++i) {
    const Window window = random_window(300, 400, i % 50, {.seed = 1, .step = i / 50});
    const double ratio = static_cast<double>(window.width) / static_cast<double>(window.height);
    ASSERT_GE(window.top, 0);
    ASSERT_GE(window.left, 0);
    ASSERT_LE(window.top + window.height, 300);
    ASSERT_LE(window.left + window.width, 400);
    ASSERT_GE(ratio, 0.73);
    ASSERT_LE(ratio, 1.36);
    area += static_cast<double>(window.height * window.width) / (300.0 * 400.0);
    tops.insert(window.top);
  }
  EXPECT_NEAR(area / kWindows, 0.432, 0.02) << "the integral over the windows that fit";
  EXPECT_GT(tops.size(), 100U);
}

TEST(Crop, RandomWindowsAreKeyedBySeedSampleAndStep) {
  const auto window = [](std::int64_t sample, std::uint64_t seed, std::int64_t step) {
    const Window found = random_window(300, 400, sample, {.seed = seed, .step = step});
    return std::make_tuple(found.top, found.left, found.height, found.width);
  };
  EXPECT_EQ(window(3, 1, 5), window(3, 1, 5));
  EXPECT_NE(window(3, 1, 5), window(4, 1, 5));
  EXPECT_NE(window(3, 1, 5), window(3, 2, 5));
  EXPECT_NE(window(3, 1, 5), window(3, 1, 6));
}

TEST(Crop, ALongStripIsCutToTheWidestWindow) {
  const Window window = random_window(10, 4000, 0, {});
  EXPECT_EQ(window.height, 10);
  EXPECT_EQ(window.width, 13);
}

}  // namespace
}  // namespace sac
