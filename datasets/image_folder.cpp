#include <ATen/ops/empty.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <future>
#include <thread>

#include "datasets/content.h"
#include "datasets/dataset.h"
#include "datasets/jpeg.h"
#include "engine/core/error.h"
#include "engine/core/sha256.h"

namespace sac {
namespace {

namespace fs = std::filesystem;

/// Pixels that fit in memory: 16 GiB.
constexpr std::int64_t kMaxBytes = std::int64_t{1} << 34;

/// One picture of a class.
struct Entry {
  fs::path path;
  std::int64_t label = 0;
};

bool is_jpeg(const fs::path& path) {
  std::string ending = path.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(), [](unsigned char c) { return std::tolower(c); });
  return ending == ".jpg" || ending == ".jpeg";
}

/// What a folder holds, by name.
std::vector<fs::path> children(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const auto& child : fs::directory_iterator(folder)) found.push_back(child.path());
  std::sort(found.begin(), found.end());
  return found;
}

Strings class_names(const fs::path& folder) {
  Strings names;
  for (const fs::path& child : children(folder)) {
    if (fs::is_directory(child)) names.push_back(child.filename().string());
  }
  if (names.size() >= 2) return names;
  throw DataError(folder.string() + ": holds " + std::to_string(names.size()) +
                  " folders of classes; there must be at least two, with JPEG files");
}

std::vector<Entry> entries(const fs::path& folder, const Strings& classes) {
  std::vector<Entry> found;
  for (const std::string& name : class_names(folder)) {
    const auto label = std::find(classes.begin(), classes.end(), name);
    if (label == classes.end()) throw DataError((folder / name).string() + ": no class of the training images");
    const std::size_t before = found.size();
    for (const fs::path& file : children(folder / name)) {
      if (is_jpeg(file)) found.push_back({file, label - classes.begin()});
    }
    if (found.size() == before) throw DataError((folder / name).string() + ": holds no .jpg or .jpeg files");
  }
  return found;
}

/// Decodes on all cores; the first error in the order of the files counts. @return a hash over the files.
std::string decode(const std::vector<Entry>& files, std::int64_t side, const Examples& into) {
  auto* pixels = into.inputs.mutable_data_ptr<std::uint8_t>();
  auto* targets = into.targets.mutable_data_ptr<std::int64_t>();
  std::vector<std::string> hashes(files.size());
  const auto decode_some = [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const std::string bytes = read_users_file("image", files[i].path.string());
      const std::span<const std::uint8_t> data(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
      fit_square(decode_jpeg(data, side, files[i].path.string()), side,
                 pixels + static_cast<std::int64_t>(i) * 3 * side * side);
      targets[i] = files[i].label;
      hashes[i] = sha256_hex(bytes) + " " + std::to_string(files[i].label);
    }
  };
  const std::size_t parts = std::max(1U, std::thread::hardware_concurrency());
  std::vector<std::future<void>> running;
  for (std::size_t part = 0; part < parts; ++part) {
    const std::size_t begin = files.size() * part / parts;
    running.push_back(std::async(std::launch::async, decode_some, begin, files.size() * (part + 1) / parts));
  }
  for (auto& one : running) one.wait();
  for (auto& one : running) one.get();
  return sha256_hex(join(hashes, "\n"));
}

/// DIR/train, and DIR/test or DIR/val.
fs::path part_of(const fs::path& folder, const Strings& names) {
  for (const std::string& name : names) {
    if (fs::is_directory(folder / name)) return folder / name;
  }
  throw DataError("data.folder '" + folder.string() + "' has no folder '" + join(names, "' or '") + "'");
}

Examples reserve(std::size_t count, std::int64_t side, const fs::path& folder) {
  const auto size = static_cast<std::int64_t>(count);
  if (size > kMaxBytes / (3 * side * side)) {
    throw DataError(folder.string() + ": its " + std::to_string(size) + " images of data.side = " +
                    std::to_string(side) + " take more than the 16 GiB of memory that a data set may have");
  }
  return {.inputs = at::empty({size, 3, side, side}, at::kByte), .targets = at::empty({size}, at::kLong)};
}

Dataset load(const DatasetEntry& self, const Options& options, const DataLocation&) try {
  const fs::path folder = options.text("folder");
  if (folder.empty()) throw ConfigError("data set 'image_folder' needs data.folder, with folders train and test in it");
  if (!fs::is_directory(folder)) throw DataError("data.folder '" + folder.string() + "' is not a folder");
  const std::int64_t side = options.integer("side");
  const fs::path train = part_of(folder, {"train"});
  const fs::path test = part_of(folder, {"test", "val"});
  const Strings classes = class_names(train);
  const std::vector<Entry> train_files = entries(train, classes);
  const std::vector<Entry> test_files = entries(test, classes);
  Dataset data{.name = self.name,
               .train = reserve(train_files.size(), side, train),
               .test = reserve(test_files.size(), side, test),
               .classes = static_cast<std::int64_t>(classes.size()),
               .channels = 3,
               .height = side,
               .width = side,
               .mean = self.mean,
               .stddev = self.stddev,
               .hash = {}};
  const std::string train_hash = decode(train_files, side, data.train);
  data.hash = sha256_hex(train_hash + decode(test_files, side, data.test));
  return data;
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
                  .doc = "pixels a side that the largest centred square of each image is scaled to",
                  .min = 1,
                  .max = 4096}},
     .licence = "the files' own",
     .load = load,
     .given_by = "data.folder"}};

}  // namespace
}  // namespace sac
