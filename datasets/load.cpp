#include "datasets/load.h"

#include "datasets/augment.h"
#include "datasets/partition.h"
#include "engine/core/error.h"
#include "engine/core/sha256.h"

namespace sac {
namespace {

void keep_first(Examples& examples, std::int64_t limit, const std::string& key) {
  if (limit == 0) return;
  if (limit > examples.size()) {
    throw ConfigError(key + " = " + std::to_string(limit) + " is above the " + std::to_string(examples.size()) +
                      " samples there are; it must be in [0, " + std::to_string(examples.size()) + "]");
  }
  if (examples.inputs.defined()) examples.inputs = examples.inputs.narrow(0, 0, limit);
  examples.targets = examples.targets.narrow(0, 0, limit);
}

[[noreturn]] void refuse(const Dataset& data, const std::string& key, const std::string& why) {
  throw ConfigError(key + " does not go with data set '" + data.name + "': " + why);
}

void check_augmentation(const Dataset& data, const Options& options) {
  const Augmentation images = augmentation(options);
  const LabelMix labels = label_mix(options);
  const std::string key = images.crop_padding > 0 ? "data.crop_padding" : images.flip ? "data.flip" : "data.cutout";
  if (images.any() && !data.train.are_images()) refuse(data, key, "its samples are no images");
  if (labels.mixup > 0.0 && data.vocabulary > 0) refuse(data, "data.mixup", "tokens cannot be mixed");
  if (labels.any() && data.train.targets.dim() > 1) {
    refuse(data, "data.label_smoothing", "it has a label for every token, which are not smoothed");
  }
}

}  // namespace

const std::vector<OptionSpec>& data_options() {
  static const PartitionConfig fallback;
  static const std::vector<OptionSpec> own{
      {.name = "name", .fallback = std::string("fashion_mnist"), .doc = "data set"},
      {.name = "partition",
       .fallback = fallback.kind,
       .doc = "how samples are shared out over workers",
       .choices = {"iid", "label", "dirichlet"}},
      {.name = "alpha",
       .fallback = fallback.alpha,
       .doc = "concentration of the Dirichlet partition; small = each label on few workers",
       .min = 0,
       .max = 1e6,
       .min_open = true},
      {.name = "labels_per_worker",
       .fallback = fallback.labels_per_worker,
       .doc = "label shards a worker of the label partition gets",
       .min = 1,
       .max = 1e6},
      {.name = "train_limit",
       .fallback = std::int64_t{0},
       .doc = "only the first n training samples; 0 = all",
       .min = 0},
      {.name = "test_limit", .fallback = std::int64_t{0}, .doc = "only the first n test samples; 0 = all", .min = 0},
      {.name = "loader_threads",
       .fallback = std::int64_t{-1},
       .doc = "threads that prepare batches ahead of training; 0 = none, -1 = as many as help. Changes no result",
       .min = -1,
       .max = 1024},
      {.name = "prefetch",
       .fallback = std::int64_t{0},
       .doc = "batches that they prepare ahead a worker, at most; 0 = two a thread, shared out. Changes no result",
       .min = 0,
       .max = 1024}};
  static const std::vector<OptionSpec> options = joined({own, augmentation_options()});
  return options;
}

std::vector<OptionSpec> data_options(const std::string& dataset) {
  std::vector<OptionSpec> options = data_options();
  const DatasetEntry& entry = Registry<DatasetEntry>::instance().at(dataset);
  options.insert(options.end(), entry.options.begin(), entry.options.end());
  return options;
}

Dataset load_dataset(const std::string& name, const Options& options, const DataLocation& location) {
  const DatasetEntry& entry = Registry<DatasetEntry>::instance().at(name);
  Dataset data = entry.load(entry, options, location);
  if (data.train.targets.dim() > 1 && options.text("partition") != "iid") {
    throw ConfigError("data.partition = \"" + options.text("partition") + "\" goes by labels of samples; data set '" +
                      name + "' has a label for every token: choose \"iid\"");
  }
  check_augmentation(data, options);
  keep_first(data.train, options.integer("train_limit"), "data.train_limit");
  keep_first(data.test, options.integer("test_limit"), "data.test_limit");
  return data;
}

std::string files_hash(const DatasetEntry& entry) {
  Strings known;
  for (const DataFile& file : entry.files) known.push_back(file.sha256);
  return files_hash(entry, known);
}

std::string files_hash(const DatasetEntry& entry, const Strings& found) {
  std::string text;
  for (std::size_t i = 0; i < found.size(); ++i) text += entry.files[i].name + " " + found[i] + "\n";
  return sha256_hex(text);
}

}  // namespace sac
