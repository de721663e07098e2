#include <algorithm>

#include "datasets/load.h"
#include "tests/datasets/fixture.h"

namespace sac {
namespace {

const std::map<std::string, DatasetEntry>& entries() { return Registry<DatasetEntry>::instance().entries(); }

TEST(DatasetRegistry, HoldsEveryDataSet) {
  EXPECT_EQ(Registry<DatasetEntry>::instance().names(),
            (Strings{"blobs", "cifar10", "cifar100", "fashion_mnist", "image_folder", "mnist", "sst2", "text",
                     "tiny_shakespeare", "tsv"}));
}

TEST(DatasetRegistry, EntriesAgreeWithThemselves) {
  for (const auto& [name, entry] : entries()) {
    SCOPED_TRACE(name);
    EXPECT_FALSE(entry.summary.empty());
    EXPECT_FALSE(entry.licence.empty());
    EXPECT_TRUE(!entry.files.empty() || entry.downloads.empty());
    EXPECT_EQ(entry.downloads.empty(), entry.mirrors.empty());
    const bool images = (!entry.files.empty() || !entry.given_by.empty()) && entry.sample.empty();
    EXPECT_EQ(entry.mean.size(), images ? static_cast<std::size_t>(entry.channels) : 0U);
    EXPECT_EQ(entry.stddev.size(), entry.mean.size());
    for (const DataFile& file : entry.files) {
      const bool known = file.sha256.size() == 64U;
      EXPECT_TRUE(known || (file.sha256.empty() && !entry.downloads.front().archive_sha256.empty())) << file.name;
    }
    for (const std::string& mirror : entry.mirrors) EXPECT_TRUE(mirror.ends_with('/')) << mirror;
  }
}

TEST(DatasetRegistry, SingleDownloadsAreFilesOfTheirDataSet) {
  for (const auto& [name, entry] : entries()) {
    for (const Download& what : entry.downloads) {
      const bool is_file = std::any_of(entry.files.begin(), entry.files.end(), [&](const DataFile& file) {
        return what.name == file.name || what.name == file.name + ".gz";
      });
      EXPECT_EQ(is_file, what.archive_sha256.empty()) << name << ": " << what.name;
    }
  }
}

TEST(DatasetRegistry, NoOptionHidesASharedOne) {
  for (const auto& [name, entry] : entries()) {
    Strings names;
    for (const OptionSpec& option : data_options(name)) names.push_back(option.name);
    std::sort(names.begin(), names.end());
    EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end()) << name;
  }
}

TEST(DatasetRegistry, SuggestsTheNearestName) {
  EXPECT_THAT(test::message_of<ConfigError>([] { data_options("fashion-mnist"); }),
              ::testing::HasSubstr("unknown data set 'fashion-mnist'; did you mean 'fashion_mnist'?"));
}

}  // namespace
}  // namespace sac
