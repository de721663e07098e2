#include "datasets/content.h"
#include "datasets/text.h"
#include "engine/core/error.h"
#include "engine/core/sha256.h"

namespace sac {
namespace {

Dataset load(const DatasetEntry& self, const Options& options, const DataLocation&) {
  const std::string& path = options.text("file");
  if (path.empty()) throw ConfigError("data set 'text' needs data.file, the path of a text");
  const std::string text = read_users_file("data.file", path);
  Dataset data = text_dataset(self, options, text, path);
  data.hash = sha256_hex(text);
  return data;
}

const Register<DatasetEntry> registered{
    {.name = "text",
     .summary = "any text file, to predict the next character or byte",
     .options = joined({{{.name = "file", .fallback = std::string(), .doc = "path of the text"}}, text_options()}),
     .licence = "the file's own",
     .load = load,
     .sample = "tokens",
     .given_by = "data.file"}};

}  // namespace
}  // namespace sac
