#include "datasets/cifar.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstring>
#include <future>

#include "datasets/content.h"

namespace sac {
namespace {

constexpr std::int64_t kPixels = kCifarRecord - 1;
constexpr std::int64_t kRecordsAtOnce = 1000;

}  // namespace

void read_cifar_batch(const std::filesystem::path& path, const DataFile& expected, std::int64_t classes,
                      std::uint8_t* images, std::int64_t* labels) {
  ContentReader reader(path, expected);
  const std::int64_t records = expected.bytes / kCifarRecord;
  std::vector<std::uint8_t> buffer(static_cast<std::size_t>(std::min(records, kRecordsAtOnce) * kCifarRecord));
  for (std::int64_t record = 0; record < records; ++record) {
    const std::int64_t slot = record % kRecordsAtOnce;
    if (slot == 0) {
      const std::int64_t count = std::min(records - record, kRecordsAtOnce);
      reader.read(buffer.data(), static_cast<std::size_t>(count * kCifarRecord));
    }
    const std::uint8_t* from = buffer.data() + slot * kCifarRecord;
    if (*from >= classes) {
      reader.fail("record " + std::to_string(record) + " has label " + std::to_string(*from) + ", expected 0 to " +
                  std::to_string(classes - 1));
    }
    labels[record] = *from;
    std::memcpy(images + record * kPixels, from + 1, static_cast<std::size_t>(kPixels));
  }
  reader.finish();
}

Dataset load_cifar(const DatasetEntry& entry, const DataLocation& location) {
  const LocatedFiles found = locate(entry, location);
  const auto reserve = [](std::int64_t count) {
    return Examples{.inputs = at::empty({count, 3, 32, 32}, at::kByte), .targets = at::empty({count}, at::kLong)};
  };
  const auto read = [&](const DataFile& file, const Examples& into, std::int64_t first) {
    read_cifar_batch(found.paths.at(file.name), file, entry.classes,
                     into.inputs.data_ptr<std::uint8_t>() + first * kPixels,
                     into.targets.data_ptr<std::int64_t>() + first);
  };
  Dataset data{.name = entry.name,
               .train = reserve(entry.train_size),
               .test = reserve(entry.test_size),
               .classes = entry.classes,
               .channels = entry.channels,
               .height = entry.height,
               .width = entry.width,
               .mean = entry.mean,
               .stddev = entry.stddev,
               .hash = files_hash(entry)};
  std::vector<std::future<void>> reads;
  std::int64_t first = 0;
  for (const DataFile& file : entry.files) {
    const bool is_test = &file == &entry.files.back();
    reads.push_back(
        std::async(std::launch::async, read, std::cref(file), is_test ? data.test : data.train, is_test ? 0 : first));
    first += file.bytes / kCifarRecord;
  }
  for (auto& one : reads) one.get();
  return data;
}

}  // namespace sac
