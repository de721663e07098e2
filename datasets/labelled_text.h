#pragma once
#include <string>
#include <vector>

#include "datasets/dataset.h"

namespace sac {

/// Options of data sets of labelled texts: text_column, label_column, context, vocabulary, vocabulary_file, lowercase.
const std::vector<OptionSpec>& labelled_text_options();

/// One file of labelled texts, tab-separated.
struct TextFile {
  std::string content;
  std::string name;  ///< for messages
};

/// Labelled texts as WordPiece ids [N, context] by a vocabulary learnt from the training texts or read from a file;
/// labels are numbered in the order of their names, numbers by value.
/// @throws DataError  as read_tsv; not UTF-8; a label of the test that training lacks; fewer than two labels.
Dataset labelled_text_dataset(const DatasetEntry& entry, const Options& options, const TextFile& train,
                              const TextFile& test);

}  // namespace sac
