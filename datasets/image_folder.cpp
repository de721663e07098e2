#include <ATen/ops/empty.h>

#include <algorithm>
#include <future>
#include <thread>

#include "datasets/checked_folders.h"
#include "datasets/content.h"
#include "datasets/dataset.h"
#include "datasets/image_files.h"
#include "datasets/image_listing.h"
#include "datasets/jpeg.h"
#include "engine/core/error.h"
#include "engine/core/sha256.h"

namespace sac {
namespace {

namespace fs = std::filesystem;

/// Pixels that may be kept in memory: where it is asked for, and unasked.
constexpr std::int64_t kMostBytes = std::int64_t{1} << 34;
constexpr std::int64_t kAutoBytes = std::int64_t{1} << 31;
/// Files in all from which on their hash is remembered.
constexpr std::int64_t kLongToRead = std::int64_t{1} << 24;
/// Of what it scales an image's shorter side to, an evaluation takes the square within: 256 pixels for 224.
constexpr double kCentre = 7.0 / 8.0;

/// body(i) for i in [0, count) on all cores; the first error in their order counts.
template <class Body>
void for_each(std::int64_t count, const Body& body) {
  const std::int64_t parts = std::max(1U, std::thread::hardware_concurrency());
  std::vector<std::future<void>> running;
  for (std::int64_t part = 0; part < parts; ++part) {
    running.push_back(std::async(std::launch::async, [&, part] {
      for (std::int64_t i = count * part / parts; i < count * (part + 1) / parts; ++i) body(i);
    }));
  }
  for (auto& one : running) one.wait();
  for (auto& one : running) one.get();
}

/// Reads all files.  @return a hash over their names and contents.  @throws DataError  one is no whole JPEG.
std::string check_files(const ImageListing& listing) {
  Strings hashes(listing.names.size());
  for_each(static_cast<std::int64_t>(hashes.size()), [&](std::int64_t i) {
    const std::string& name = listing.names[static_cast<std::size_t>(i)];
    const std::string path = (listing.folder / name).string();
    const std::string bytes = read_users_file("image", path);
    check_jpeg({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, path);
    hashes[static_cast<std::size_t>(i)] = name + " " + sha256_hex(bytes);
  });
  Sha256 all;
  for (const std::string& hash : hashes) all.update(hash).update("\n");
  return all.hex();
}

bool keep_in_memory(const ImageListing& listing, const Options& options) {
  const std::int64_t side = options.integer("side");
  const std::string& cache = options.text("cache");
  const auto count = static_cast<std::int64_t>(listing.names.size());
  const auto fits = [&](std::int64_t bytes) { return count <= bytes / (3 * side * side); };
  if (cache == "memory" && !fits(kMostBytes)) {
    throw DataError(listing.folder.string() + ": its " + std::to_string(count) +
                    " images of data.side = " + std::to_string(side) +
                    " take more than the 16 GiB of memory that a data set may have; set " + "data.cache = \"none\"");
  }
  return cache == "memory" || (cache == "auto" && fits(kAutoBytes));
}

Examples make_examples(const ImageListing& listing, ImageFiles files, bool in_memory) {
  const std::int64_t side = files.side();
  Examples examples{.inputs = {}, .targets = at::empty({files.size()}, at::kLong)};
  std::copy(listing.labels.begin(), listing.labels.end(), examples.targets.mutable_data_ptr<std::int64_t>());
  if (!in_memory) {
    examples.files = std::make_shared<const ImageFiles>(std::move(files));
    return examples;
  }
  examples.inputs = at::empty({files.size(), 3, side, side}, at::kByte);
  auto* pixels = examples.inputs.mutable_data_ptr<std::uint8_t>();
  for_each(files.size(), [&](std::int64_t i) { files.decode(i, {}, pixels + i * 3 * side * side); });
  return examples;
}

/// All files are read before the first run with them; of large folders the hash is remembered, until some file changes.
std::string check_folder(const fs::path& folder, const ImageListing& train, const ImageListing& test) {
  const std::string stamp = sha256_hex(fs::canonical(folder).string() + "\n" + train.stamp + test.stamp);
  const bool large = train.bytes + test.bytes >= kLongToRead;
  if (large) {
    if (auto known = remembered_hash(stamp)) return *known;
  }
  const std::string train_hash = check_files(train);
  const std::string hash = sha256_hex(train_hash + check_files(test));
  // A file that was just written may be written again within one tick of its clock.
  const auto settled = fs::file_time_type::clock::now() - std::chrono::seconds(2);
  if (large && std::max(train.newest, test.newest) < settled) remember_hash(stamp, hash);
  return hash;
}

Dataset load(const DatasetEntry& self, const Options& options, const DataLocation&) try {
  const fs::path folder = options.text("folder");
  if (folder.empty()) throw ConfigError("data set 'image_folder' needs data.folder, with folders train and test in it");
  if (!fs::is_directory(folder)) throw DataError("data.folder '" + folder.string() + "' is not a folder");
  const std::int64_t side = options.integer("side");
  const bool random = options.text("crop") == "random";
  const fs::path train_folder = part_of(folder, {"train"});
  const fs::path test_folder = part_of(folder, {"test", "val"});
  const Strings classes = class_names(train_folder);
  const ImageListing train = list_images(train_folder, classes);
  const ImageListing test = list_images(test_folder, classes);
  const bool test_in_memory = keep_in_memory(test, options);
  const bool train_in_memory = !random && keep_in_memory(train, options);
  std::string hash = check_folder(folder, train, test);
  const double share = random ? kCentre : 1.0;
  return {.name = self.name,
          .train = make_examples(train, {train.folder, train.names, side, random, share}, train_in_memory),
          .test = make_examples(test, {test.folder, test.names, side, false, share}, test_in_memory),
          .classes = static_cast<std::int64_t>(classes.size()),
          .channels = 3,
          .height = side,
          .width = side,
          .mean = self.mean,
          .stddev = self.stddev,
          .hash = std::move(hash)};
} catch (const fs::filesystem_error& error) {
  throw DataError(error.path1().string() + ": cannot be read: " + error.code().message());
}

const Register<DatasetEntry> registered{
    {.name = "image_folder",
     .summary = "any JPEG images: FOLDER/train/CLASS/*.jpg and FOLDER/test/CLASS/*.jpg",
     .channels = 3,
     .mean = {0.485, 0.456, 0.406},  // of ImageNet
     .stddev = {0.229, 0.224, 0.225},
     .options = {{.name = "folder", .fallback = std::string(), .doc = "holds train, and test or val"},
                 {.name = "side",
                  .fallback = std::int64_t{64},
                  .doc = "pixels a side of the square that each image becomes",
                  .min = 1,
                  .max = 4096},
                 {.name = "crop",
                  .fallback = std::string("random"),
                  .doc =
                      "random: training takes 8 to 100 % of an image, evaluation its centre (7/8 of the shorter side); "
                      "centre: the largest centred square, always",
                  .choices = {"random", "centre"}},
                 {.name = "cache",
                  .fallback = std::string("auto"),
                  .doc =
                      "where pixels lie that are the same at every step; auto: in memory up to 2 GiB; none: files are "
                      "decoded at every use, as random crops always are. Changes no result",
                  .choices = {"auto", "memory", "none"}}},
     .licence = "the files' own",
     .load = load,
     .given_by = "data.folder"}};

}  // namespace
}  // namespace sac
