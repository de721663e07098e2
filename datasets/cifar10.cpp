#include "datasets/cifar.h"
#include "datasets/dataset.h"

namespace sac {
namespace {

constexpr CifarLabels kLabels{.bytes = 1, .which = 0, .classes = 10};
const std::int64_t kBatchBytes = 10000 * kLabels.record();

const Register<DatasetEntry> registered{
    {.name = "cifar10",
     .summary = "32x32 colour photographs of animals and vehicles",
     .train_size = 50000,
     .test_size = 10000,
     .classes = 10,
     .channels = 3,
     .height = 32,
     .width = 32,
     .mean = {0.49140, 0.48216, 0.44653},
     .stddev = {0.24703, 0.24349, 0.26159},
     .files = {{"data_batch_1.bin", kBatchBytes, "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5"},
               {"data_batch_2.bin", kBatchBytes, "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed"},
               {"data_batch_3.bin", kBatchBytes, "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67"},
               {"data_batch_4.bin", kBatchBytes, "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48"},
               {"data_batch_5.bin", kBatchBytes, "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add"},
               {"test_batch.bin", kBatchBytes, "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b"}},
     .folders = {"cifar10/cifar-10-batches-bin", "cifar-10-batches-bin", "cifar10", ""},
     .mirrors = {"https://www.cs.toronto.edu/~kriz/"},
     .downloads = {{.name = "cifar-10-binary.tar.gz",
                    .bytes = 170052171,
                    .archive_sha256 = "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"}},
     .licence = "none stated; cite",
     .citation = "Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009",
     .load = [](const DatasetEntry& self, const Options&, const DataLocation& where) {
       return load_cifar(self, kLabels, where);
     }}};

}  // namespace
}  // namespace sac
