#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "datasets/location.h"
#include "engine/core/options.h"
#include "engine/core/registry.h"

namespace sac {

class ImageFiles;

/// Samples with their labels. Never written after loading: safe to read from any thread.
struct Examples {
  /// uint8 [N, C, H, W] for images, float32 [N, F] for features, contiguous; int64 [N, T] for token ids, where each row
  /// is contiguous and rows may overlap.
  at::Tensor inputs;
  at::Tensor targets;  ///< int64 [N], contiguous, or [N, T] as the inputs: a label for each token; in [0, classes)
  /// Where images are decoded as they are needed, in place of `inputs`, which is undefined then; else null.
  std::shared_ptr<const ImageFiles> files{};

  [[nodiscard]] bool are_images() const { return files || inputs.scalar_type() == at::kByte; }
  [[nodiscard]] std::int64_t size() const { return targets.defined() ? targets.size(0) : 0; }
};

/// A data set, in memory or, where its images would be too many, in files.
struct Dataset {
  std::string name;
  Examples train;
  Examples test;
  std::int64_t classes = 0;
  std::int64_t channels = 1;  ///< feature data: channels = F, height = width = 1
  std::int64_t height = 1;
  std::int64_t width = 1;
  std::int64_t vocabulary = 0;   ///< token data: ids lie in [0, vocabulary), width = T; else 0
  std::vector<double> mean{};    ///< a channel, of the training pixels scaled to [0, 1]; empty: inputs as they are
  std::vector<double> stddev{};  ///< likewise
  std::string hash;              ///< SHA-256 hex over the files' content hashes or over the generating parameters
};

/// One file of a data set, known by its content: a .gz counts as what it unpacks to.
struct DataFile {
  std::string name;        ///< without .gz, e.g. "train-images-idx3-ubyte" or "data_batch_1.bin"
  std::int64_t bytes = 0;  ///< unpacked
  std::string sha256{};  ///< of the unpacked bytes, lower-case hex; "" = not known: its size and what it holds must fit
};

/// One file to download. A file or its `.gz` is checked by the content of its DataFile, an archive by its own hash and
/// then unpacked.
struct Download {
  std::string name;              ///< appended to a mirror's address, e.g. "train-images-idx3-ubyte.gz"
  std::int64_t bytes = 0;        ///< as it travels
  std::string archive_sha256{};  ///< of a .tar.gz; empty for a single file
};

/// A data set that registers itself: what it is, where it comes from and how it is read.
struct DatasetEntry {
  static constexpr const char* kThing = "data set";
  std::string name;
  std::string summary{};
  std::int64_t train_size = 0;  ///< samples; 0 = given by the options
  std::int64_t test_size = 0;
  std::int64_t classes = 0;
  std::int64_t channels = 1;
  std::int64_t height = 1;
  std::int64_t width = 1;
  std::vector<double> mean{};  ///< as Dataset::mean
  std::vector<double> stddev{};
  std::vector<OptionSpec> options{};
  std::vector<DataFile> files{};  ///< empty for a generated data set
  Strings folders{};              ///< where below a root the files may lie, in order; "" is the root itself
  Strings mirrors{};              ///< base addresses, ending in '/'
  std::vector<Download> downloads{};
  std::string package{};  ///< Debian package that installs the files, or ""
  std::string licence{};
  std::string citation{};
  /// Called with the entry itself.
  /// @throws DataError  a file is missing, truncated, swapped or corrupt.  @throws ConfigError  options do not fit.
  std::function<Dataset(const DatasetEntry&, const Options&, const DataLocation&)> load{};
  std::string sample{};    ///< what a sample is, for lists, where it is no image: "tokens"
  std::string given_by{};  ///< the key that names the user's own files: "data.file"
};

/// SHA-256 hex over names and content hashes of the entry's files, which are all known: the hash of a data set that
/// lies in files.
std::string files_hash(const DatasetEntry& entry);

/// The same over hashes that were found, in the files' order.
std::string files_hash(const DatasetEntry& entry, const Strings& found);

}  // namespace sac
