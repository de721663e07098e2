#include "datasets/content.h"
#include "datasets/labelled_text.h"
#include "engine/core/error.h"

namespace sac {
namespace {

TextFile users_file(const Options& options, const std::string& option) {
  const std::string& path = options.text(option);
  if (path.empty()) throw ConfigError("data set 'tsv' needs data." + option + ", the path of tab-separated lines");
  return {read_users_file("data." + option, path), path};
}

const Register<DatasetEntry> registered{
    {.name = "tsv",
     .summary = "any labelled texts, tab-separated below a line that names the columns",
     .options = joined({{{.name = "train_file", .fallback = std::string(), .doc = "path of the training texts"},
                         {.name = "test_file", .fallback = std::string(), .doc = "path of the test's texts"}},
                        labelled_text_options()}),
     .licence = "the files' own",
     .load =
         [](const DatasetEntry& self, const Options& options, const DataLocation&) {
           return labelled_text_dataset(self, options, users_file(options, "train_file"),
                                        users_file(options, "test_file"));
         },
     .sample = "tokens",
     .given_by = "data.train_file"}};

}  // namespace
}  // namespace sac
