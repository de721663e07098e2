#pragma once
#include <string>
#include <vector>

#include "datasets/dataset.h"

namespace sac {

/// Options of data sets that are one text: tokens, context, stride, validation.
const std::vector<OptionSpec>& text_options();

/// A text for models that predict the next token: its last part is the test set, windows of `context` tokens are the
/// samples, and each token's label is the token after it. Training windows start every `stride` tokens and share
/// memory.
/// @param name  of the file, for messages.
/// @throws DataError  too short for one window of each part, or not UTF-8 where tokens are characters.
Dataset text_dataset(const DatasetEntry& entry, const Options& options, const std::string& text,
                     const std::string& name);

}  // namespace sac
