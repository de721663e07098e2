#include "datasets/batches.h"
#include "datasets/image_files.h"
#include "datasets/load.h"
#include "tests/datasets/fixture.h"
#include "tests/support/jpeg_maker.h"

namespace sac {
namespace {

using ::testing::HasSubstr;

const std::string kRed = test::plain_jpeg(20, 10, {250, 10, 10});
const std::string kBlue = test::plain_jpeg(9, 30, {10, 10, 250});
const std::string kRamp =
    test::make_jpeg(40, 30, [](unsigned y, unsigned x, int) { return static_cast<int>(3 * x + y); });

/// Two classes of which `cat` has one picture more.
void write_folder(const test::TempFolder& folder) {
  for (const std::string part : {"train", "test"}) {
    test::write_file(folder / (part + "/cat/1.jpg"), kRed);
    test::write_file(folder / (part + "/cat/2.JPEG"), kRamp);
    test::write_file(folder / (part + "/dog/1.jpg"), kBlue);
    test::write_file(folder / (part + "/dog/notes.txt"), "no picture");
  }
}

Dataset load(const test::TempFolder& folder, const std::string& crop = "centre", const std::string& cache = "auto") {
  const ValueMap options{
      {"folder", folder.path().string()}, {"side", std::int64_t{8}}, {"crop", crop}, {"cache", cache}};
  return load_dataset("image_folder", Options(data_options("image_folder"), options, "data set", "data."), {});
}

/// All training images, as drawn at a step.
at::Tensor batch(const Dataset& data, const std::optional<CropDraw>& draw) {
  at::Tensor inputs;
  at::Tensor targets;
  const std::vector<std::int64_t> all{0, 1, 2};
  gather(data.train, {data.mean, data.stddev}, all, at::kFloat, inputs, targets, draw);
  return inputs;
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
}

TEST(ImageFolder, TheCacheChangesNoBit) {
  const test::TempFolder folder;
  write_folder(folder);
  for (const std::string crop : {"centre", "random"}) {
    const Dataset kept = load(folder, crop, "memory");
    const Dataset read = load(folder, crop, "none");
    EXPECT_EQ(kept.hash, read.hash);
    EXPECT_TRUE(kept.test.inputs.defined());
    EXPECT_FALSE(read.test.inputs.defined());
    EXPECT_TRUE(batch(kept, CropDraw{1, 2}).equal(batch(read, CropDraw{1, 2}))) << crop;
    at::Tensor from_memory;
    at::Tensor from_files;
    at::Tensor targets;
    gather_range(kept.test, {kept.mean, kept.stddev}, 0, 3, at::kFloat, from_memory, targets);
    gather_range(read.test, {read.mean, read.stddev}, 0, 3, at::kFloat, from_files, targets);
    EXPECT_TRUE(from_memory.equal(from_files)) << crop;
  }
}

TEST(ImageFolder, RandomWindowsDependOnSeedAndStepOnly) {
  const test::TempFolder folder;
  write_folder(folder);
  const Dataset data = load(folder, "random");
  const at::Tensor drawn = batch(data, CropDraw{1, 2});
  EXPECT_TRUE(drawn.equal(batch(data, CropDraw{1, 2})));
  EXPECT_FALSE(drawn[1].equal(batch(data, CropDraw{1, 3})[1]));
  EXPECT_FALSE(drawn[1].equal(batch(data, CropDraw{2, 2})[1]));
  EXPECT_TRUE(batch(load(folder), CropDraw{1, 2}).equal(batch(load(folder), CropDraw{1, 3}))) << "centred ones do not";
}

TEST(ImageFolder, TheHashIsOfNamesAndContents) {
  const test::TempFolder folder;
  write_folder(folder);
  const std::string hash = load(folder).hash;
  EXPECT_EQ(load(folder).hash, hash);
  std::filesystem::rename(folder / "train/cat/1.jpg", folder / "train/cat/3.jpg");
  EXPECT_NE(load(folder).hash, hash);
  std::filesystem::rename(folder / "train/cat/3.jpg", folder / "train/cat/1.jpg");
  EXPECT_EQ(load(folder).hash, hash);
  test::write_file(folder / "test/cat/1.jpg", kBlue);
  EXPECT_NE(load(folder).hash, hash);
}

TEST(ImageFolder, OfALargeFolderTheHashIsRemembered) {
  const test::TempFolder folder;
  const test::Environment cache{"XDG_CACHE_HOME", (folder / "cache").string()};
  write_folder(folder);
  test::write_file(folder / "train/cat/1.jpg", kRed + std::string(std::size_t{17} << 20, 'x'));
  const std::string hash = load(folder).hash;
  EXPECT_FALSE(std::filesystem::exists(folder / "cache")) << "remembered though just written";
  const auto past = std::filesystem::file_time_type::clock::now() - std::chrono::hours(1);
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder.path())) {
    if (file.is_regular_file()) std::filesystem::last_write_time(file.path(), past);
  }
  EXPECT_EQ(load(folder).hash, hash);
  const std::filesystem::directory_iterator remembered(folder / "cache/sactool/checked_folders");
  EXPECT_EQ(test::read_file(remembered->path()), hash + "\n");
  EXPECT_EQ(load(folder).hash, hash);
  test::write_file(folder / "train/cat/2.JPEG", kRed);
  EXPECT_NE(load(folder).hash, hash);
}

TEST(ImageFolder, AFileThatVanishesIsNamed) {
  const test::TempFolder folder;
  write_folder(folder);
  const Dataset data = load(folder, "random");
  std::filesystem::remove(folder / "train/cat/2.JPEG");
  EXPECT_THAT(test::message_of<DataError>([&] { batch(data, CropDraw{}); }),
              HasSubstr("train/cat/2.JPEG' cannot be read: No such file"));
  test::write_file(folder / "train/cat/2.JPEG", kRamp.substr(0, 30));
  EXPECT_THAT(test::message_of<DataError>([&] { batch(data, CropDraw{}); }),
              HasSubstr("train/cat/2.JPEG: is no whole JPEG: Premature end"));
}

TEST(ImageFolder, LimitsKeepTheFirstFiles) {
  const test::TempFolder folder;
  write_folder(folder);
  const ValueMap options{{"folder", folder.path().string()}, {"train_limit", std::int64_t{2}}};
  const Dataset data = load_dataset("image_folder", Options(data_options("image_folder"), options, "data"), {});
  EXPECT_EQ(data.train.size(), 2);
  EXPECT_TRUE(data.train.files);
}

TEST(ImageFolder, RefusesInOneLine) {
  const auto refusal = [](const test::TempFolder& folder) {
    return test::message_of<DataError>([&] { load(folder, "random"); });
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
