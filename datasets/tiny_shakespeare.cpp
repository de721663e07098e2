#include "datasets/content.h"
#include "datasets/text.h"

namespace sac {
namespace {

Dataset load(const DatasetEntry& self, const Options& options, const DataLocation& location) {
  const std::filesystem::path path = locate(self, location).paths.at(self.files.front().name);
  std::string text(static_cast<std::size_t>(self.files.front().bytes), '\0');
  ContentReader reader(path, self.files.front());
  reader.read(text.data(), text.size());
  reader.finish();
  Dataset data = text_dataset(self, options, text, path.string());
  data.hash = files_hash(self);
  return data;
}

const Register<DatasetEntry> registered{
    {.name = "tiny_shakespeare",
     .summary = "a million characters of Shakespeare's plays, to predict the next one",
     .classes = 65,
     .options = text_options(),
     .files = {{"input.txt", 1115394, "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"}},
     .folders = {"tiny_shakespeare", "tinyshakespeare", ""},
     .mirrors = {"https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/"},
     .downloads = {{.name = "input.txt", .bytes = 1115394}},
     .licence = "public domain",
     .citation = "Karpathy, The Unreasonable Effectiveness of Recurrent Neural Networks, 2015",
     .load = load,
     .sample = "tokens"}};

}  // namespace
}  // namespace sac
