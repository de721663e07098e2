#include "datasets/dataset.h"
#include "datasets/idx.h"

namespace sac {
namespace {

const Register<DatasetEntry> registered{
    {.name = "mnist",
     .summary = "28x28 grey images of handwritten digits",
     .train_size = 60000,
     .test_size = 10000,
     .classes = 10,
     .height = 28,
     .width = 28,
     .mean = {0.13066},
     .stddev = {0.30811},
     .files = idx_files({"ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                         "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                         "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                         "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"}),
     .folders = {"mnist", "MNIST/raw", ""},
     .mirrors = {"https://ossci-datasets.s3.amazonaws.com/mnist/",
                 "https://storage.googleapis.com/cvdf-datasets/mnist/"},
     .downloads = idx_downloads({9912422, 28881, 1648877, 4542}),
     .licence = "CC BY-SA 3.0",
     .citation = "LeCun, Bottou, Bengio, Haffner, Gradient-Based Learning Applied to Document Recognition, 1998",
     .load = [](const DatasetEntry& self, const Options&, const DataLocation& where) {
       return load_idx(self, where);
     }}};

}  // namespace
}  // namespace sac
