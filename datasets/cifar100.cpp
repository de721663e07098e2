#include "datasets/cifar.h"
#include "datasets/dataset.h"

namespace sac {
namespace {

/// A record begins with a coarse label, of 20, and a fine one, of 100.
CifarLabels labels(const Options& options) {
  if (options.text("labels") == "coarse") return {.bytes = 2, .which = 0, .classes = 20};
  return {.bytes = 2, .which = 1, .classes = 100};
}

constexpr std::int64_t kRecord = 2 + kCifarPixels;

/// The authors publish no hashes of the files within the archive: it is known as a whole, they by size and labels.
const Register<DatasetEntry> registered{
    {.name = "cifar100",
     .summary = "32x32 colour photographs in a hundred classes, or in twenty",
     .train_size = 50000,
     .test_size = 10000,
     .classes = 100,
     .channels = 3,
     .height = 32,
     .width = 32,
     .mean = {0.50708, 0.48655, 0.44092},
     .stddev = {0.26733, 0.25644, 0.27615},
     .options = {{.name = "labels",
                  .fallback = std::string("fine"),
                  .doc = "a hundred classes, or their twenty groups",
                  .choices = {"fine", "coarse"}}},
     .files = {{"train.bin", 50000 * kRecord}, {"test.bin", 10000 * kRecord}},
     .folders = {"cifar100/cifar-100-binary", "cifar-100-binary", "cifar100", ""},
     .mirrors = {"https://www.cs.toronto.edu/~kriz/"},
     .downloads = {{.name = "cifar-100-binary.tar.gz",
                    .bytes = 168513733,
                    .archive_sha256 = "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec"}},
     .licence = "none stated; cite",
     .citation = "Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009",
     .load = [](const DatasetEntry& self, const Options& options, const DataLocation& where) {
       return load_cifar(self, labels(options), where);
     }}};

}  // namespace
}  // namespace sac
