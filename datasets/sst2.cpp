#include "datasets/content.h"
#include "datasets/labelled_text.h"

namespace sac {
namespace {

Dataset load(const DatasetEntry& self, const Options& options, const DataLocation& location) {
  const LocatedFiles found = locate(self, location);
  std::vector<TextFile> texts;
  for (const DataFile& file : self.files) {
    const std::filesystem::path& path = found.paths.at(file.name);
    std::string content(static_cast<std::size_t>(file.bytes), '\0');
    ContentReader reader(path, file);
    reader.read(content.data(), content.size());
    reader.finish();
    texts.push_back({std::move(content), path.string()});
  }
  return labelled_text_dataset(self, options, texts[0], texts[1]);
}

const Register<DatasetEntry> registered{
    {.name = "sst2",
     .summary = "sentences of film reviews, for or against",
     .train_size = 67349,
     .test_size = 872,
     .classes = 2,
     .options = labelled_text_options(),
     .files = {{"train.tsv", 3806081, "48eac26399f8456935f81dd9e3a745c1430adb6c62e233ccfe22db4a0d15d1d1"},
               {"dev.tsv", 94931, "54a9c12c77e402fc14d6a66a506f24d999f596b0176eb777c972cccc2f9cc4b0"}},
     .folders = {"sst2", "SST-2", ""},
     .licence = "research data of Stanford and GLUE",
     .citation = "Socher et al., Recursive Deep Models for Semantic Compositionality, EMNLP 2013",
     .load = load,
     .sample = "tokens"}};

}  // namespace
}  // namespace sac
