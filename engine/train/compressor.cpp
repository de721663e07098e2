#include "engine/train/compressor.h"

#include <ATen/ops/empty_like.h>

#include "engine/core/error.h"

namespace sac {

std::vector<OptionSpec> Compressor::options() {
  constexpr double kMost = 1e12;
  return {
      {.name = "codec",
       .fallback = std::string("none"),
       .doc = "how exchanges are compressed",
       .choices = codec_names()},
      {.name = "codec_ratio",
       .fallback = 0.01,
       .doc = "topk, randomk, dgc: share of the elements sent",
       .min = 0,
       .max = 1,
       .min_open = true},
      {.name = "codec_levels", .fallback = std::int64_t{127}, .doc = "qsgd: levels a sign", .min = 1, .max = 32767},
      {.name = "codec_bucket",
       .fallback = std::int64_t{512},
       .doc = "qsgd: elements that share a norm",
       .min = 1,
       .max = kMost},
      {.name = "codec_entropy",
       .fallback = std::string("none"),
       .doc = "of quantised values: their codes in canonical Huffman code",
       .choices = {"none", "huffman"}},
      {.name = "codec_rank",
       .fallback = std::int64_t{4},
       .doc = "powersgd: rank r of a matrix",
       .min = 1,
       .max = 65536},
      {.name = "codec_iterations",
       .fallback = std::int64_t{1},
       .doc = "powersgd: power iterations an exchange",
       .min = 1,
       .max = 1000},
      {.name = "codec_warmup",
       .fallback = std::int64_t{0},
       .doc = "dgc: exchanges in which the share falls to codec_ratio, W",
       .min = 0,
       .max = kMost},
      {.name = "codec_momentum",
       .fallback = 0.9,
       .doc = "dgc: momentum of what is sent, in place of the optimiser's",
       .min = 0,
       .max = 0.999999},
      {.name = "codec_clip", .fallback = 0.0, .doc = "dgc: largest norm of the summed gradients; 0 = any", .min = 0},
      {.name = "error_feedback", .fallback = false, .doc = "what a codec loses is added to the next exchange"},
      {.name = "error_feedback_rule", .fallback = std::string("ef"), .doc = "how", .choices = {"ef", "ef21"}},
  };
}

ValueMap Compressor::values(const Options& options) {
  ValueMap values;
  for (const OptionSpec& option : Compressor::options()) values[option.name] = options.values().at(option.name);
  return values;
}

std::unique_ptr<Codec> Compressor::codec_of(const Options& options) {
  return make_codec(options.text("codec"), {.ratio = options.number("codec_ratio"),
                                            .warmup = options.integer("codec_warmup"),
                                            .levels = options.integer("codec_levels"),
                                            .bucket = options.integer("codec_bucket"),
                                            .error_feedback = options.boolean("error_feedback"),
                                            .huffman = options.text("codec_entropy") == "huffman"});
}

Compressor::Compressor(const Options& options, Route route)
    : name_(options.text("codec")), codec_(codec_of(options)), kept_(options) {
  if (route != Route::kMean && active() && !codec_) {
    throw ConfigError("strategy.codec = \"" + name_ +
                      "\" is a mean over all ranks by all-reduce, but this strategy sends to a " +
                      (route == Route::kServer ? "server" : "neighbour") + "; use another codec");
  }
  if (route == Route::kPeer && varies()) {
    throw ConfigError(
        "strategy.codec_entropy = \"huffman\" makes messages of unknown length, but neighbours of this strategy must "
        "know it beforehand; leave codec_entropy = \"none\"");
  }
}

at::Tensor Compressor::encode(Worker& worker, const at::Tensor& values, double unit) {
  round_.seed = worker.seed();
  ++round_.number;
  const at::Tensor wanted = kept_.wanted(values, unit, worker.world_size());
  at::Tensor message = codec_->encode(wanted, round_, worker.random());
  if (kept_.keeps_nothing()) return message;
  const at::Tensor said = at::empty_like(values);
  decode(message, said);
  kept_.sent(wanted, said, unit);
  return message;
}

void require_lengths(const Compressor& compressor, const std::string& strategy) {
  const std::string what = "strategy '" + strategy + "' exchanges differences of models, ";
  if (compressor.votes()) {
    throw ConfigError(what +
                      "of which signsgd alone says no length: set strategy.error_feedback = true, or strategy.codec = "
                      "\"onebit\"");
  }
  if (compressor.has_momentum()) {
    throw ConfigError(what +
                      "which dgc's momentum, meant for gradients, would multiply: set strategy.codec_momentum = 0, or "
                      "strategy.codec = \"topk\"");
  }
}

}  // namespace sac
