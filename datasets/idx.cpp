#include "datasets/idx.h"

#include <ATen/ops/empty.h>

#include <future>

#include "datasets/content.h"
#include "engine/core/error.h"

namespace sac {
namespace {

constexpr std::array<const char*, 4> kNames{"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                            "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};

std::int64_t read_big_endian(ContentReader& reader) {
  std::array<std::uint8_t, 4> bytes{};
  reader.read(bytes.data(), bytes.size());
  return std::int64_t{bytes[0]} << 24 | std::int64_t{bytes[1]} << 16 | std::int64_t{bytes[2]} << 8 | bytes[3];
}

/// "IDX images", "IDX labels", "an IDX file of 2 dimensions", "no IDX file of bytes": what a magic number says.
std::string describe_magic(std::int64_t magic) {
  if (magic == 0x803) return "IDX images";
  if (magic == 0x801) return "IDX labels";
  if (magic >> 8 == 8) return "an IDX file of " + std::to_string(magic & 255) + " dimensions";
  return "no IDX file of bytes (its first four bytes are " + std::to_string(magic) + ")";
}

std::string shape_text(const std::vector<std::int64_t>& sizes) {
  std::string text;
  for (const std::int64_t size : sizes) text += (text.empty() ? "" : " x ") + std::to_string(size);
  return text;
}

/// Reads magic number and dimensions and compares them with what is expected.
void check_header(ContentReader& reader, const std::vector<std::int64_t>& expected) {
  const auto expected_magic = static_cast<std::int64_t>(0x800 + expected.size());
  const std::int64_t magic = read_big_endian(reader);
  if (magic != expected_magic) {
    reader.fail("is " + describe_magic(magic) + ", expected " + describe_magic(expected_magic));
  }
  std::vector<std::int64_t> sizes;
  for (std::size_t i = 0; i < expected.size(); ++i) sizes.push_back(read_big_endian(reader));
  if (sizes != expected) {
    reader.fail("holds " + describe_magic(magic) + " of " + shape_text(sizes) + ", expected " + shape_text(expected));
  }
}

}  // namespace

std::vector<DataFile> idx_files(const std::array<std::string, 4>& sha256) {
  constexpr std::array<std::int64_t, 4> kBytes{47040016, 60008, 7840016, 10008};
  std::vector<DataFile> files;
  for (std::size_t i = 0; i < 4; ++i) files.push_back({.name = kNames[i], .bytes = kBytes[i], .sha256 = sha256[i]});
  return files;
}

std::vector<Download> idx_downloads(const std::array<std::int64_t, 4>& bytes) {
  std::vector<Download> downloads;
  for (std::size_t i = 0; i < 4; ++i) downloads.push_back({.name = std::string(kNames[i]) + ".gz", .bytes = bytes[i]});
  return downloads;
}

at::Tensor read_idx_images(const std::filesystem::path& path, const DataFile& expected, std::int64_t count,
                           std::int64_t height, std::int64_t width) {
  ContentReader reader(path, expected);
  check_header(reader, {count, height, width});
  at::Tensor images = at::empty({count, 1, height, width}, at::kByte);
  reader.read(images.data_ptr(), images.nbytes());
  reader.finish();
  return images;
}

at::Tensor read_idx_labels(const std::filesystem::path& path, const DataFile& expected, std::int64_t count,
                           std::int64_t classes) {
  ContentReader reader(path, expected);
  check_header(reader, {count});
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(count));
  reader.read(bytes.data(), bytes.size());
  at::Tensor labels = at::empty({count}, at::kLong);
  auto* to = labels.data_ptr<std::int64_t>();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] >= classes) {
      reader.fail("sample " + std::to_string(i) + " has label " + std::to_string(bytes[i]) + ", expected 0 to " +
                  std::to_string(classes - 1));
    }
    to[i] = bytes[i];
  }
  reader.finish();
  return labels;
}

Dataset load_idx(const DatasetEntry& entry, const DataLocation& location) {
  const LocatedFiles found = locate(entry, location);
  const auto read = [&](std::size_t images, std::int64_t count) {
    const DataFile& image_file = entry.files[images];
    const DataFile& label_file = entry.files[images + 1];
    return Examples{
        .inputs = read_idx_images(found.paths.at(image_file.name), image_file, count, entry.height, entry.width),
        .targets = read_idx_labels(found.paths.at(label_file.name), label_file, count, entry.classes)};
  };
  auto test = std::async(std::launch::async, read, 2, entry.test_size);
  Examples train = read(0, entry.train_size);
  return {.name = entry.name,
          .train = std::move(train),
          .test = test.get(),
          .classes = entry.classes,
          .channels = entry.channels,
          .height = entry.height,
          .width = entry.width,
          .mean = entry.mean,
          .stddev = entry.stddev,
          .hash = files_hash(entry)};
}

}  // namespace sac
