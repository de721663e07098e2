#include <ATen/ops/empty.h>

#include "datasets/dataset.h"
#include "engine/core/error.h"
#include "engine/core/random.h"
#include "engine/core/sha256.h"

namespace sac {
namespace {

/// Elements a blob set may have in all: 16 GiB of float32.
constexpr std::int64_t kMaxElements = std::int64_t{1} << 32;

/// The streams of one seed; the order is part of the data's identity.
enum Stream : std::uint32_t { kCentres = 0, kTrain = 1, kTest = 2 };

/// Sample i belongs to class i mod classes, so that any leading part is balanced: centre + noise * normal.
Examples draw(const std::vector<float>& centres, std::int64_t count, std::int64_t features, double noise,
              RandomStream stream) {
  const auto classes = static_cast<std::int64_t>(centres.size()) / features;
  Examples examples{.inputs = at::empty({count, features}, at::kFloat), .targets = at::empty({count}, at::kLong)};
  auto* x = examples.inputs.data_ptr<float>();
  auto* y = examples.targets.data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < count; ++i) {
    y[i] = i % classes;
    const float* centre = centres.data() + y[i] * features;
    for (std::int64_t j = 0; j < features; ++j) *x++ = centre[j] + static_cast<float>(noise * stream.normal());
  }
  return examples;
}

std::string parameters_hash(const DatasetEntry& self, const Options& options) {
  ValueMap own{{"generator", std::string("blobs 1")}};
  for (const OptionSpec& option : self.options) own[option.name] = options.values().at(option.name);
  return sha256_hex(to_toml(own));
}

Dataset load_blobs(const DatasetEntry& self, const Options& options, const DataLocation&) {
  const std::int64_t train = options.integer("samples");
  const std::int64_t test = options.integer("test_samples");
  const std::int64_t features = options.integer("features");
  const std::int64_t classes = options.integer("classes");
  if ((train + test + classes) > kMaxElements / features) {
    throw ConfigError("data.samples = " + std::to_string(train) + " with data.features = " + std::to_string(features) +
                      " is too large; blobs hold at most " + std::to_string(kMaxElements) + " numbers in all");
  }
  const auto seed = static_cast<std::uint64_t>(options.integer("seed"));
  std::vector<float> centres(static_cast<std::size_t>(classes * features));
  RandomStream stream(seed, kCentres, Purpose::kSynthetic);
  for (float& coordinate : centres) coordinate = static_cast<float>(stream.normal());
  const double noise = options.number("noise");
  return {.name = self.name,
          .train = draw(centres, train, features, noise, RandomStream(seed, kTrain, Purpose::kSynthetic)),
          .test = draw(centres, test, features, noise, RandomStream(seed, kTest, Purpose::kSynthetic)),
          .classes = classes,
          .channels = features,
          .hash = parameters_hash(self, options)};
}

const Register<DatasetEntry> registered{
    {.name = "blobs",
     .summary = "synthetic Gaussian blobs, one a class, any size; centres are standard normal",
     .options =
         {{.name = "samples", .fallback = std::int64_t{4096}, .doc = "training samples", .min = 1, .max = 1e8},
          {.name = "test_samples", .fallback = std::int64_t{1024}, .doc = "test samples", .min = 1, .max = 1e8},
          {.name = "features", .fallback = std::int64_t{32}, .doc = "numbers a sample", .min = 1, .max = 1e7},
          {.name = "classes", .fallback = std::int64_t{10}, .doc = "classes, in turn", .min = 2, .max = 1e5},
          {.name = "noise", .fallback = 1.0, .doc = "standard deviation around a centre", .min = 0, .max = 1e6},
          {.name = "seed", .fallback = std::int64_t{0}, .doc = "of the data; independent of the run's seed", .min = 0}},
     .licence = "generated",
     .load = load_blobs}};

}  // namespace
}  // namespace sac
