// clang-format off
#include <cstdio>  // libjpeg's header wants FILE before it
#include <jpeglib.h>
// clang-format on

#include "datasets/jpeg.h"
#include "datasets/load.h"
#include "tests/datasets/fixture.h"

namespace sac {
namespace {

using ::testing::HasSubstr;

/// A JPEG of one colour.
std::string jpeg(unsigned width, unsigned height, std::array<std::uint8_t, 3> colour) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;  // NOLINT(google-runtime-int): libjpeg's
  jpeg_mem_dest(&info, &bytes, &size);
  info.image_width = width;
  info.image_height = height;
  info.input_components = 3;
  info.in_color_space = JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, 100, TRUE);
  jpeg_start_compress(&info, TRUE);
  std::vector<std::uint8_t> row;
  for (unsigned x = 0; x < width; ++x) row.insert(row.end(), colour.begin(), colour.end());
  JSAMPROW rows = row.data();
  while (info.next_scanline < height) jpeg_write_scanlines(&info, &rows, 1);
  jpeg_finish_compress(&info);
  std::string result(reinterpret_cast<const char*>(bytes), size);
  jpeg_destroy_compress(&info);
  std::free(bytes);  // NOLINT(cppcoreguidelines-no-malloc): libjpeg's
  return result;
}

std::span<const std::uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

const std::string kRed = jpeg(20, 10, {250, 10, 10});
const std::string kBlue = jpeg(9, 30, {10, 10, 250});

/// Two classes of which `cat` has one picture more.
void write_folder(const test::TempFolder& folder) {
  for (const std::string part : {"train", "test"}) {
    test::write_file(folder / (part + "/cat/1.jpg"), kRed);
    test::write_file(folder / (part + "/cat/2.JPEG"), kRed);
    test::write_file(folder / (part + "/dog/1.jpg"), kBlue);
    test::write_file(folder / (part + "/dog/notes.txt"), "no picture");
  }
}

Dataset load(const test::TempFolder& folder) {
  const ValueMap options{{"folder", folder.path().string()}, {"side", std::int64_t{8}}};
  return load_dataset("image_folder", Options(data_options("image_folder"), options, "data set", "data."), {});
}

TEST(Jpeg, DecodesAtTheSmallestSizeThatSuffices) {
  const std::string large = jpeg(160, 80, {250, 10, 10});
  const Picture whole = decode_jpeg(bytes_of(large), 80, "a");
  EXPECT_EQ(whole.height, 80);
  EXPECT_EQ(whole.width, 160);
  const Picture small = decode_jpeg(bytes_of(large), 15, "a");
  EXPECT_EQ(small.height, 20);
  EXPECT_EQ(small.rgb.size(), 20U * 40U * 3U);
  EXPECT_NEAR(small.rgb[0], 250, 4);
}

TEST(Jpeg, FitsTheCentredSquare) {
  Picture picture{.height = 2, .width = 4, .rgb = {}};
  for (int y = 0; y < 2; ++y) {
    for (int x = 0; x < 4; ++x) picture.rgb.insert(picture.rgb.end(), {std::uint8_t(10 * x), std::uint8_t(50 * y), 7});
  }
  std::array<std::uint8_t, 12> square{};
  fit_square(picture, 2, square.data());
  EXPECT_EQ(square, (std::array<std::uint8_t, 12>{10, 20, 10, 20, 0, 0, 50, 50, 7, 7, 7, 7}));
}

TEST(Jpeg, RefusesInOneLine) {
  const auto refusal = [](const std::string& bytes) {
    return test::message_of<DataError>([&] { decode_jpeg(bytes_of(bytes), 8, "a.jpg"); });
  };
  EXPECT_EQ(refusal(""), "a.jpg: is empty, no JPEG");
  EXPECT_THAT(refusal("nonsense"), HasSubstr("a.jpg: is no whole JPEG: Not a JPEG file"));
  EXPECT_THAT(refusal(kRed.substr(0, kRed.size() - 10)), HasSubstr("a.jpg: is no whole JPEG: Premature end"));
  EXPECT_THAT(refusal(kRed.substr(0, 50)), HasSubstr("a.jpg: is no whole JPEG: Premature end"));
}

TEST(ImageFolder, NumbersClassesByName) {
  const test::TempFolder folder;
  write_folder(folder);
  const Dataset data = load(folder);
  EXPECT_EQ(data.classes, 2);
  EXPECT_EQ(data.train.size(), 3);
  EXPECT_EQ(data.test.size(), 3);
  EXPECT_EQ(data.train.targets[1].item<std::int64_t>(), 0);
  EXPECT_EQ(data.train.targets[2].item<std::int64_t>(), 1);
  EXPECT_NEAR(data.train.inputs[0][0][4][4].item<int>(), 250, 4);
  EXPECT_NEAR(data.train.inputs[2][2][0][7].item<int>(), 250, 4);
  EXPECT_EQ(data.hash, load(folder).hash);
}

TEST(ImageFolder, RefusesInOneLine) {
  const auto refusal = [](const test::TempFolder& folder) {
    return test::message_of<DataError>([&] { load(folder); });
  };
  const test::TempFolder folder;
  EXPECT_THAT(refusal(folder), HasSubstr("has no folder 'train'"));
  std::filesystem::create_directories(folder / "train/cat");
  EXPECT_THAT(refusal(folder), HasSubstr("has no folder 'test' or 'val'"));
  std::filesystem::create_directories(folder / "val/cat");
  EXPECT_THAT(refusal(folder), HasSubstr("train: holds 1 folders of classes; there must be at least two"));
  const test::TempFolder other;
  write_folder(other);
  test::write_file(other / "train/cat/2.JPEG", kRed.substr(0, kRed.size() - 10));
  EXPECT_THAT(refusal(other), HasSubstr("train/cat/2.JPEG: is no whole JPEG: Premature end"));
  write_folder(other);
  std::filesystem::create_directories(other / "train/eel");
  EXPECT_THAT(refusal(other), HasSubstr("train/eel: holds no .jpg or .jpeg files"));
  std::filesystem::remove(other / "train/eel");
  test::write_file(other / "test/eel/1.jpg", kRed);
  EXPECT_THAT(refusal(other), HasSubstr("test/eel: no class of the training images"));
}

}  // namespace
}  // namespace sac
