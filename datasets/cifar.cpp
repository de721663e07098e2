#include "datasets/cifar.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstring>
#include <future>

#include "datasets/content.h"

namespace sac {
namespace {

constexpr std::int64_t kRecordsAtOnce = 1000;

}  // namespace

std::string read_cifar_batch(const std::filesystem::path& path, const DataFile& expected, const CifarLabels& labels,
                             std::uint8_t* images, std::int64_t* to) {
  ContentReader reader(path, expected);
  const std::int64_t size = labels.record();
  const std::int64_t records = expected.bytes / size;
  std::vector<std::uint8_t> buffer(static_cast<std::size_t>(std::min(records, kRecordsAtOnce) * size));
  for (std::int64_t record = 0; record < records; ++record) {
    const std::int64_t slot = record % kRecordsAtOnce;
    if (slot == 0) {
      const std::int64_t count = std::min(records - record, kRecordsAtOnce);
      reader.read(buffer.data(), static_cast<std::size_t>(count * size));
    }
    const std::uint8_t* from = buffer.data() + slot * size;
    const std::uint8_t label = from[labels.which];
    if (label >= labels.classes) {
      reader.fail("record " + std::to_string(record) + " has label " + std::to_string(label) + ", expected 0 to " +
                  std::to_string(labels.classes - 1));
    }
    to[record] = label;
    std::memcpy(images + record * kCifarPixels, from + labels.bytes, static_cast<std::size_t>(kCifarPixels));
  }
  return reader.finish();
}

Dataset load_cifar(const DatasetEntry& entry, const CifarLabels& labels, const DataLocation& location) {
  const LocatedFiles found = locate(entry, location);
  const auto reserve = [](std::int64_t count) {
    return Examples{.inputs = at::empty({count, 3, 32, 32}, at::kByte), .targets = at::empty({count}, at::kLong)};
  };
  const auto read = [&](const DataFile& file, const Examples& into, std::int64_t first) {
    return read_cifar_batch(found.paths.at(file.name), file, labels,
                            into.inputs.data_ptr<std::uint8_t>() + first * kCifarPixels,
                            into.targets.data_ptr<std::int64_t>() + first);
  };
  Dataset data{.name = entry.name,
               .train = reserve(entry.train_size),
               .test = reserve(entry.test_size),
               .classes = labels.classes,
               .channels = entry.channels,
               .height = entry.height,
               .width = entry.width,
               .mean = entry.mean,
               .stddev = entry.stddev,
               .hash = {}};
  std::vector<std::future<std::string>> reads;
  std::int64_t first = 0;
  for (const DataFile& file : entry.files) {
    const bool is_test = &file == &entry.files.back();
    reads.push_back(
        std::async(std::launch::async, read, std::cref(file), is_test ? data.test : data.train, is_test ? 0 : first));
    first += file.bytes / labels.record();
  }
  Strings hashes;
  for (auto& one : reads) hashes.push_back(one.get());
  data.hash = files_hash(entry, hashes);
  return data;
}

}  // namespace sac
