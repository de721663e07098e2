#include "datasets/cifar.h"

#include "tests/datasets/fixture.h"

namespace sac {
namespace {

using test::message_of;
using ::testing::AllOf;
using ::testing::HasSubstr;

/// `count` records: labels first + i, pixel planes filled with 3 letters that start at `letter` + i.
std::string records(int count, int first, char letter) {
  std::string bytes;
  for (int i = 0; i < count; ++i) {
    bytes += static_cast<char>(first + i);
    for (int plane = 0; plane < 3; ++plane) bytes += std::string(1024, static_cast<char>(letter + i + plane));
  }
  return bytes;
}

class CifarTest : public ::testing::Test {
 protected:
  CifarTest() {
    entry_ = {.name = "tiny", .train_size = 5, .test_size = 1, .classes = 10, .channels = 3, .height = 32, .width = 32};
    entry_.folders = {""};
    entry_.files = {test::known("a.bin", a_), test::known("b.bin", b_), test::known("test.bin", test_)};
    test::write_file(folder_ / "a.bin", a_);
    test::write_file(folder_ / "b.bin", b_);
    test::write_file(folder_ / "test.bin", test_);
  }

  Dataset load(const CifarLabels& labels = {}) const {
    return load_cifar(entry_, labels, {.data_dir = folder_.path()});
  }
  [[nodiscard]] std::string failure() const {
    return message_of<DataError>([&] { load(); });
  }

  test::TempFolder folder_;
  std::string a_ = records(3, 0, 'a');
  std::string b_ = records(2, 7, 'm');
  std::string test_ = records(1, 5, 'x');
  DatasetEntry entry_{};
};

TEST_F(CifarTest, StringsTheBatchesTogether) {
  const Dataset data = load();
  ASSERT_EQ(data.train.inputs.sizes(), at::IntArrayRef({5, 3, 32, 32}));
  const auto* pixels = data.train.inputs.data_ptr<std::uint8_t>();
  const auto* labels = data.train.targets.data_ptr<std::int64_t>();
  EXPECT_EQ(std::vector<std::int64_t>(labels, labels + 5), (std::vector<std::int64_t>{0, 1, 2, 7, 8}));
  EXPECT_EQ(pixels[3 * 3072], 'm');
  EXPECT_EQ(pixels[4 * 3072 + 2 * 1024], 'm' + 3);
  EXPECT_EQ(data.test.targets.data_ptr<std::int64_t>()[0], 5);
  EXPECT_EQ(data.test.inputs.data_ptr<std::uint8_t>()[3071], 'x' + 2);
}

/// Records of two labels: coarse i, fine 10 i.
std::string records_of_two(int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i) {
    bytes += static_cast<char>(i);
    bytes += static_cast<char>(10 * i);
    bytes += std::string(3072, static_cast<char>('a' + i));
  }
  return bytes;
}

TEST_F(CifarTest, TakesEitherOfTwoLabels) {
  entry_.train_size = 3;
  entry_.files = {{"a.bin", 3 * 3074}, {"test.bin", 3074}};  // of unknown content, as CIFAR-100's
  test::write_file(folder_ / "a.bin", records_of_two(3));
  test::write_file(folder_ / "test.bin", records_of_two(1));
  const CifarLabels coarse{.bytes = 2, .which = 0, .classes = 3};
  const CifarLabels fine{.bytes = 2, .which = 1, .classes = 21};
  EXPECT_EQ(load(coarse).train.targets[2].item<std::int64_t>(), 2);
  const Dataset data = load(fine);
  EXPECT_EQ(data.classes, 21);
  EXPECT_EQ(data.train.targets[2].item<std::int64_t>(), 20);
  EXPECT_EQ(data.train.inputs.data_ptr<std::uint8_t>()[2 * 3072], 'c');
  EXPECT_EQ(data.train.inputs.data_ptr<std::uint8_t>()[3 * 3072 - 1], 'c');
  test::write_file(folder_ / "a.bin", records_of_two(2) + records_of_two(1));
  EXPECT_NE(load(fine).hash, data.hash);
  const auto refusal = [&] { return message_of<DataError>([&] { load({.bytes = 2, .which = 1, .classes = 10}); }); };
  EXPECT_THAT(refusal(), HasSubstr("a.bin: record 1 has label 10, expected 0 to 9"));
  test::write_file(folder_ / "a.bin", records_of_two(3).substr(0, 9000));
  EXPECT_THAT(refusal(), HasSubstr("a.bin: truncated: it holds 9000 bytes, expected 9222"));
}

TEST_F(CifarTest, KnownContentGivesTheKnownHash) { EXPECT_EQ(load().hash, files_hash(entry_)); }

TEST_F(CifarTest, NamesATruncatedBatch) {
  test::write_file(folder_ / "b.bin", b_.substr(0, 4000));
  EXPECT_THAT(failure(), AllOf(HasSubstr("b.bin: truncated"), HasSubstr("4000 bytes, expected 6146")));
}

TEST_F(CifarTest, RefusesAnotherBatchInItsPlace) {
  test::write_file(folder_ / "a.bin", records(3, 1, 'a'));
  EXPECT_THAT(failure(), AllOf(HasSubstr("a.bin: is not the expected a.bin"), HasSubstr(entry_.files[0].sha256)));
}

TEST_F(CifarTest, RefusesALabelOutOfRange) {
  test::write_file(folder_ / "b.bin", records(2, 9, 'm'));
  EXPECT_THAT(failure(), AllOf(HasSubstr("b.bin"), HasSubstr("record 1 has label 10, expected 0 to 9")));
}

TEST_F(CifarTest, RefusesALongerFile) {
  test::write_file(folder_ / "test.bin", records(2, 5, 'x'));
  EXPECT_THAT(failure(), AllOf(HasSubstr("test.bin"), HasSubstr("more than the expected 3073 bytes")));
}

}  // namespace
}  // namespace sac
