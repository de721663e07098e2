#include "datasets/dataset.h"
#include "datasets/idx.h"

namespace sac {
namespace {

const Register<DatasetEntry> registered{
    {.name = "fashion_mnist",
     .summary = "28x28 grey images of clothes",
     .train_size = 60000,
     .test_size = 10000,
     .classes = 10,
     .height = 28,
     .width = 28,
     .mean = {0.28604},
     .stddev = {0.35302},
     .files = idx_files({"c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
                         "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
                         "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
                         "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"}),
     .folders = {"fashion_mnist", "fashion-mnist", "FashionMNIST/raw", ""},
     .mirrors = {"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"},
     .downloads = idx_downloads({26421880, 29515, 4422102, 5148}),
     .package = "dataset-fashion-mnist",
     .licence = "MIT",
     .citation = "Xiao, Rasul, Vollgraf, Fashion-MNIST, 2017, arXiv:1708.07747",
     .load = [](const DatasetEntry& self, const Options&, const DataLocation& where) {
       return load_idx(self, where);
     }}};

}  // namespace
}  // namespace sac
