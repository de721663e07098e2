#include "engine/train/checkpoint_manifest.h"

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "engine/core/error.h"

namespace sac {
namespace {

using Json = nlohmann::ordered_json;

/// Of the files' contents too: raised whenever what a worker, the world or the recorder writes becomes another.
constexpr int kFormat = 4;

}  // namespace

std::string manifest_text(const CheckpointManifest& manifest) {
  Json files = Json::array();
  for (const CheckpointFile& file : manifest.files) {
    files.push_back({{"name", file.name}, {"bytes", file.bytes}, {"sha256", file.sha256}});
  }
  const Json json{{"format", kFormat},
                  {"run", manifest.run},
                  {"key", manifest.key},
                  {"step", manifest.step},
                  {"recorded_step", manifest.recorded_step},
                  {"seconds", manifest.seconds},
                  {"files", files},
                  {"spec", manifest.spec}};
  return json.dump(2) + "\n";
}

CheckpointManifest read_manifest(const std::filesystem::path& path) try {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw DataError("manifest.json is missing");
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const Json json = Json::parse(text);
  const auto format = json.at("format").get<std::int64_t>();
  if (format != kFormat) {
    throw DataError("manifest.json: format " + std::to_string(format) + ", this version of sactool takes up " +
                    std::to_string(kFormat));
  }
  CheckpointManifest manifest{.run = json.at("run").get<std::string>(),
                              .key = json.at("key").get<std::string>(),
                              .step = json.at("step").get<std::int64_t>(),
                              .recorded_step = json.at("recorded_step").get<std::int64_t>(),
                              .seconds = json.at("seconds").get<double>(),
                              .spec = json.at("spec").get<std::string>()};
  for (const Json& entry : json.at("files")) {
    manifest.files.push_back({.name = entry.at("name").get<std::string>(),
                              .bytes = entry.at("bytes").get<std::int64_t>(),
                              .sha256 = entry.at("sha256").get<std::string>()});
  }
  return manifest;
} catch (const Json::exception&) {
  throw DataError("manifest.json is no manifest of a checkpoint, or truncated");
}

}  // namespace sac
