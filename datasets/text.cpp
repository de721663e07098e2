#include "datasets/text.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>

#include "datasets/tokens.h"
#include "engine/core/error.h"

namespace sac {
namespace {

/// Windows of `context` ids that start every `stride`, and the ids one place later.
Examples windows(const at::Tensor& ids, std::int64_t context, std::int64_t stride) {
  const std::int64_t last = ids.size(0) - 1;
  return {.inputs = ids.narrow(0, 0, last).unfold(0, context, stride),
          .targets = ids.narrow(0, 1, last).unfold(0, context, stride)};
}

}  // namespace

const std::vector<OptionSpec>& text_options() {
  static const std::vector<OptionSpec> options{
      {.name = "tokens",
       .fallback = std::string("characters"),
       .doc = "what a token is: a character of those that occur, or one of 256 bytes",
       .choices = {"characters", "bytes"}},
      {.name = "context", .fallback = std::int64_t{64}, .doc = "tokens a sample", .min = 1, .max = 1 << 20},
      {.name = "stride",
       .fallback = std::int64_t{0},
       .doc = "tokens between the starts of two training samples; 0 = context: an epoch reads the text once",
       .min = 0,
       .max = 1e9},
      {.name = "validation", .fallback = 0.1, .doc = "last share of the text, for the test", .min = 0.001, .max = 0.9}};
  return options;
}

Dataset text_dataset(const DatasetEntry& entry, const Options& options, const std::string& text,
                     const std::string& name) {
  const Tokens tokens = options.text("tokens") == "bytes" ? byte_tokens(text) : character_tokens(text, name);
  const auto size = static_cast<std::int64_t>(tokens.ids.size());
  const auto train =
      static_cast<std::int64_t>(std::floor(static_cast<double>(size) * (1.0 - options.number("validation"))));
  const std::int64_t context = options.integer("context");
  if (std::min(train, size - train) <= context) {
    throw DataError(name + ": too short for data.context = " + std::to_string(context) + ": its " +
                    std::to_string(size) + ' ' + options.text("tokens") + " leave " + std::to_string(train) +
                    " for training and " + std::to_string(size - train) + " for the test; each needs at least " +
                    std::to_string(context + 1));
  }
  const at::Tensor ids = at::empty({size}, at::kLong);
  std::copy(tokens.ids.begin(), tokens.ids.end(), ids.mutable_data_ptr<std::int64_t>());
  const std::int64_t stride = options.integer("stride") == 0 ? context : options.integer("stride");
  return {.name = entry.name,
          .train = windows(ids.narrow(0, 0, train), context, stride),
          .test = windows(ids.narrow(0, train, size - train), context, context),
          .classes = tokens.vocabulary,
          .width = context,
          .vocabulary = tokens.vocabulary,
          .hash = {}};
}

}  // namespace sac
