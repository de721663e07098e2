#include "datasets/idx.h"

#include "tests/datasets/fixture.h"

namespace sac {
namespace {

using test::message_of;
using ::testing::AllOf;
using ::testing::HasSubstr;

/// Five training and two test images of 2x3, written as a data set of their own.
class IdxTest : public ::testing::Test {
 protected:
  IdxTest() {
    const std::array<std::string, 4> contents{train_images_, train_labels_, test_images_, test_labels_};
    entry_ = {.name = "tiny", .train_size = 5, .test_size = 2, .classes = 4, .height = 2, .width = 3};
    entry_.files = idx_files({});
    entry_.folders = {""};
    for (std::size_t i = 0; i < 4; ++i) {
      entry_.files[i] = test::known(entry_.files[i].name, contents[i]);
      test::write_gzip(folder_ / (entry_.files[i].name + ".gz"), contents[i]);
    }
  }

  [[nodiscard]] std::string failure() const {
    return message_of<DataError>([&] { load_idx(entry_, {.data_dir = folder_.path()}); });
  }
  [[nodiscard]] std::filesystem::path path(std::size_t file) const {
    return folder_ / (entry_.files[file].name + ".gz");
  }

  test::TempFolder folder_;
  std::string pixels_ = "abcdefghijklmnopqrstuvwxyz0123";
  std::string train_images_ = test::idx({5, 2, 3}, pixels_);
  std::string train_labels_ = test::idx({5}, std::string("\0\1\2\3\0", 5));
  std::string test_images_ = test::idx({2, 2, 3}, "ABCDEFGHIJKL");
  std::string test_labels_ = test::idx({2}, std::string("\1\3", 2));
  DatasetEntry entry_{};
};

TEST_F(IdxTest, ReadsImagesAndLabels) {
  const Dataset data = load_idx(entry_, {.data_dir = folder_.path()});
  ASSERT_EQ(data.train.inputs.sizes(), at::IntArrayRef({5, 1, 2, 3}));
  EXPECT_EQ(std::string(static_cast<const char*>(data.train.inputs.data_ptr()), 30), pixels_);
  ASSERT_EQ(data.train.size(), 5);
  EXPECT_EQ(data.train.targets.data_ptr<std::int64_t>()[3], 3);
  EXPECT_EQ(data.test.inputs.size(0), 2);
  EXPECT_EQ(data.test.targets.data_ptr<std::int64_t>()[0], 1);
  EXPECT_EQ(data.classes, 4);
  EXPECT_EQ(data.hash, files_hash(entry_));
}

TEST_F(IdxTest, ReadsUnpackedFilesUnderEitherSpelling) {
  for (std::size_t i = 0; i < 4; ++i) std::filesystem::remove(path(i));
  test::write_file(folder_ / "train-images.idx3-ubyte", train_images_);
  test::write_file(folder_ / "train-labels-idx1-ubyte", train_labels_);
  test::write_file(folder_ / "t10k-images-idx3-ubyte", test_images_);
  test::write_gzip(folder_ / "t10k-labels.idx1-ubyte.gz", test_labels_);
  EXPECT_EQ(load_idx(entry_, {.data_dir = folder_.path()}).train.size(), 5);
}

TEST_F(IdxTest, NamesATruncatedGzip) {
  std::string bytes = test::read_file(path(0));
  test::write_file(path(0), bytes.substr(0, bytes.size() / 2));
  EXPECT_THAT(failure(), AllOf(HasSubstr(path(0).string()), HasSubstr("truncated or corrupt"), HasSubstr("of 46")));
}

TEST_F(IdxTest, NamesAFlippedBitInAGzip) {
  std::string bytes = test::read_file(path(0));
  bytes[bytes.size() - 6] ^= 1;  // the checksum
  test::write_file(path(0), bytes);
  EXPECT_THAT(failure(), AllOf(HasSubstr(path(0).string()), HasSubstr("corrupt")));
}

TEST_F(IdxTest, NamesATruncatedPlainFile) {
  std::filesystem::remove(path(2));
  test::write_file(folder_ / "t10k-images-idx3-ubyte", test_images_.substr(0, 20));
  EXPECT_THAT(failure(), AllOf(HasSubstr("t10k-images-idx3-ubyte: truncated"), HasSubstr("20 bytes, expected 28")));
}

TEST_F(IdxTest, NamesAnEmptyFile) {
  test::write_file(path(3), "");
  EXPECT_THAT(failure(), AllOf(HasSubstr(path(3).string()), HasSubstr("it holds 0 bytes, expected 10")));
}

TEST_F(IdxTest, RefusesTrailingBytes) {
  test::write_gzip(path(0), train_images_ + "x");
  EXPECT_THAT(failure(), AllOf(HasSubstr(path(0).string()), HasSubstr("more than the expected 46 bytes")));
}

TEST_F(IdxTest, RefusesTestInPlaceOfTrain) {
  test::write_gzip(path(0), test_images_);
  EXPECT_THAT(failure(), AllOf(HasSubstr(path(0).string()), HasSubstr("IDX images of 2 x 2 x 3, expected 5 x 2 x 3")));
}

TEST_F(IdxTest, RefusesImagesInPlaceOfLabels) {
  test::write_gzip(path(1), train_images_);
  EXPECT_THAT(failure(), AllOf(HasSubstr(path(1).string()), HasSubstr("is IDX images, expected IDX labels")));
}

TEST_F(IdxTest, RefusesWhatIsNoIdxFile) {
  test::write_gzip(path(0), "<html>Not found</html>" + pixels_);
  EXPECT_THAT(failure(),
              AllOf(HasSubstr(path(0).string()), HasSubstr("no IDX file"), HasSubstr("expected IDX images")));
}

TEST_F(IdxTest, RefusesALabelOutOfRange) {
  test::write_gzip(path(1), test::idx({5}, std::string("\0\1\7\3\0", 5)));
  EXPECT_THAT(failure(), AllOf(HasSubstr(path(1).string()), HasSubstr("sample 2 has label 7, expected 0 to 3")));
}

TEST_F(IdxTest, RefusesOneChangedPixel) {
  train_images_[20] ^= 1;
  test::write_gzip(path(0), train_images_);
  EXPECT_THAT(failure(), AllOf(HasSubstr(path(0).string()), HasSubstr(sha256_hex(train_images_)),
                               HasSubstr("expected " + entry_.files[0].sha256)));
}

TEST_F(IdxTest, NamesAFileThatIsMissing) {
  std::filesystem::remove(path(3));
  EXPECT_THAT(failure(), AllOf(HasSubstr("data set 'tiny' was not found"), HasSubstr("lacks t10k-labels-idx1-ubyte")));
}

}  // namespace
}  // namespace sac
