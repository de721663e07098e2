#include "engine/compress/codec.h"

#include <algorithm>
#include <cmath>

#include "engine/compress/entries.h"
#include "engine/compress/huffman.h"
#include "engine/core/error.h"

namespace sac {
namespace {

Strings quantising_codecs() {
  Strings names;
  for (const CodecEntry& entry : codecs()) {
    if (entry.make({})->codes(1).width > 0) names.push_back(entry.name);
  }
  return names;
}

}  // namespace

const std::vector<CodecEntry>& codecs() {
  static const std::vector<CodecEntry> kEntries{fp16_entry(),     bf16_entry(),    int8_entry(),   qsgd_entry(),
                                                terngrad_entry(), natural_entry(), onebit_entry(), signsgd_entry(),
                                                topk_entry(),     randomk_entry(), dgc_entry()};
  return kEntries;
}

Strings codec_names() {
  Strings names{"none"};
  for (const CodecEntry& entry : codecs()) names.push_back(entry.name);
  names.push_back("powersgd");
  return names;
}

std::unique_ptr<Codec> make_codec(const std::string& name, const CodecConfig& config) {
  const auto& all = codecs();
  const auto entry = std::find_if(all.begin(), all.end(), [&](const CodecEntry& e) { return e.name == name; });
  std::unique_ptr<Codec> codec = entry == all.end() ? nullptr : entry->make(config);
  if (!config.huffman) return codec;
  if (codec && codec->codes(1).width > 0) return huffman_coded(std::move(codec));
  throw ConfigError("strategy.codec_entropy = \"huffman\" codes quantised values, but strategy.codec = \"" + name +
                    "\" makes none; choices: " + join(quantising_codecs()));
}

std::int64_t share_of_elements(double ratio, std::int64_t count) {
  if (count == 0) return 0;
  return std::clamp<std::int64_t>(std::llround(ratio * static_cast<double>(count)), 1, count);
}

}  // namespace sac
