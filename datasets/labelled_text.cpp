#include "datasets/labelled_text.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "datasets/content.h"
#include "datasets/tokens.h"
#include "datasets/tsv.h"
#include "datasets/wordpiece.h"
#include "engine/core/error.h"
#include "engine/core/sha256.h"

namespace sac {
namespace {

/// "2" before "10"; words by their bytes.
bool label_before(const std::string& a, const std::string& b) {
  const auto is_number = [](const std::string& s) { return s.find_first_not_of("0123456789") == std::string::npos; };
  if (is_number(a) && is_number(b) && a.size() != b.size()) return a.size() < b.size();
  return a < b;
}

using Labels = std::map<std::string, std::int64_t, decltype(&label_before)>;

Labels number_labels(const LabelledTexts& rows, const std::string& name) {
  Labels labels(label_before);
  for (const std::string& label : rows.labels) labels.emplace(label, 0);
  std::int64_t next = 0;
  for (auto& [label, number] : labels) number = next++;
  if (next < 2) throw DataError(name + ": all labels are '" + labels.begin()->first + "'; there must be at least two");
  return labels;
}

Examples encode(const LabelledTexts& rows, const WordPiece& pieces, const Labels& labels, std::int64_t context,
                const std::string& name) {
  const auto count = static_cast<std::int64_t>(rows.texts.size());
  Examples examples{.inputs = at::empty({count, context}, at::kLong), .targets = at::empty({count}, at::kLong)};
  auto* ids = examples.inputs.mutable_data_ptr<std::int64_t>();
  auto* targets = examples.targets.mutable_data_ptr<std::int64_t>();
  for (std::size_t i = 0; i < rows.texts.size(); ++i, ids += context) {
    pieces.encode(rows.texts[i], {ids, static_cast<std::size_t>(context)});
    const auto label = labels.find(rows.labels[i]);
    if (label == labels.end()) {
      throw DataError(name + " line " + std::to_string(i + 2) + ": label '" + rows.labels[i] +
                      "' is none of the training labels");
    }
    targets[i] = label->second;
  }
  return examples;
}

WordPiece make_pieces(const Options& options, const LabelledTexts& train) {
  const bool lowercase = options.boolean("lowercase");
  const std::string& path = options.text("vocabulary_file");
  if (path.empty()) return WordPiece::learn(train.texts, options.integer("vocabulary"), lowercase);
  std::istringstream lines(read_users_file("data.vocabulary_file", path));
  std::vector<std::string> pieces;
  for (std::string line; std::getline(lines, line);) pieces.push_back(line);
  return {std::move(pieces), lowercase, path};
}

}  // namespace

const std::vector<OptionSpec>& labelled_text_options() {
  static const std::vector<OptionSpec> options{
      {.name = "text_column", .fallback = std::string("sentence"), .doc = "column of the texts"},
      {.name = "label_column", .fallback = std::string("label"), .doc = "column of the labels"},
      {.name = "context",
       .fallback = std::int64_t{64},
       .doc = "tokens a sample, the first and the last of a text included; longer texts are cut",
       .min = 2,
       .max = 1 << 20},
      {.name = "vocabulary",
       .fallback = std::int64_t{8000},
       .doc = "pieces of the learnt vocabulary, at most, but all characters",
       .min = 1,
       .max = 1e7},
      {.name = "vocabulary_file", .fallback = std::string(), .doc = "BERT's vocab.txt; empty = learnt from the texts"},
      {.name = "lowercase", .fallback = true, .doc = "A to Z count as a to z"}};
  return options;
}

Dataset labelled_text_dataset(const DatasetEntry& entry, const Options& options, const TextFile& train,
                              const TextFile& test) {
  const auto read = [&](const TextFile& file) {
    code_points(file.content, file.name);
    return read_tsv(file.content, file.name, options.text("text_column"), options.text("label_column"));
  };
  const LabelledTexts train_rows = read(train);
  const LabelledTexts test_rows = read(test);
  const Labels labels = number_labels(train_rows, train.name);
  const WordPiece pieces = make_pieces(options, train_rows);
  const std::int64_t context = options.integer("context");
  return {.name = entry.name,
          .train = encode(train_rows, pieces, labels, context, train.name),
          .test = encode(test_rows, pieces, labels, context, test.name),
          .classes = static_cast<std::int64_t>(labels.size()),
          .width = context,
          .vocabulary = pieces.vocabulary(),
          .hash = sha256_hex(sha256_hex(train.content) + sha256_hex(test.content) + join(pieces.pieces(), "\n"))};
}

}  // namespace sac
