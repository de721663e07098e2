#include "engine/train/compressor.h"

#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include "engine/core/error.h"

namespace sac {

std::vector<OptionSpec> Compressor::options() {
  return {
      {.name = "codec",
       .fallback = std::string("none"),
       .doc = "how exchanges are compressed",
       .choices = codec_names()},
      {.name = "codec_ratio",
       .fallback = 0.01,
       .doc = "topk, randomk: share of the elements sent",
       .min = 0,
       .max = 1,
       .min_open = true},
      {.name = "codec_levels", .fallback = std::int64_t{127}, .doc = "qsgd: levels a sign", .min = 1, .max = 32767},
      {.name = "codec_bucket",
       .fallback = std::int64_t{512},
       .doc = "qsgd: elements that share a norm",
       .min = 1,
       .max = 1e12},
      {.name = "error_feedback", .fallback = false, .doc = "what a codec loses is added to the next exchange"},
      {.name = "error_feedback_rule", .fallback = std::string("ef"), .doc = "how", .choices = {"ef", "ef21"}},
  };
}

std::unique_ptr<Codec> Compressor::codec_of(const Options& options) {
  return make_codec(options.text("codec"), {.ratio = options.number("codec_ratio"),
                                            .levels = options.integer("codec_levels"),
                                            .bucket = options.integer("codec_bucket"),
                                            .error_feedback = options.boolean("error_feedback")});
}

Compressor::Compressor(const Options& options) : codec_(codec_of(options)) {
  if (!options.boolean("error_feedback")) return;
  if (!codec_) throw ConfigError("strategy.error_feedback = true needs a codec, but strategy.codec = \"none\"");
  rule_ = options.text("error_feedback_rule") == "ef21" ? Rule::kEf21 : Rule::kEf;
}

at::Tensor Compressor::encode(Worker& worker, const at::Tensor& values, double unit) {
  round_.seed = worker.seed();
  ++round_.number;
  if (rule_ == Rule::kNone) return codec_->encode(values, round_, worker.random());
  if (!memory_.defined()) memory_ = at::zeros_like(values);
  at::Tensor wanted = values.clone();
  if (rule_ == Rule::kEf21) wanted.sub_(memory_);
  if (rule_ == Rule::kEf && unit > 0.0) wanted.add_(memory_, 1.0 / unit);
  at::Tensor message = codec_->encode(wanted, round_, worker.random());
  const at::Tensor said = at::empty_like(values);
  decode(message, said);
  if (rule_ == Rule::kEf21) memory_.add_(said);
  if (rule_ == Rule::kEf && unit > 0.0) memory_.copy_(wanted.sub_(said).mul_(unit));
  return message;
}

void require_lengths(const Compressor& compressor, const std::string& strategy) {
  if (!compressor.active() || !compressor.codec().votes()) return;
  throw ConfigError("strategy '" + strategy +
                    "' exchanges differences of models, of which signsgd alone says no length: set "
                    "strategy.error_feedback = true, or strategy.codec = \"onebit\"");
}

void CompressedMean::apply(Worker& worker, Communicator& comm, const at::Tensor& values, double unit) {
  if (!active()) return comm.all_reduce(values, Reduce::kMean);
  const at::Tensor message = compressor_.encode(worker, values, unit);
  if (compressor_.codec().adds_up()) {
    comm.all_reduce(message, Reduce::kMean);
    compressor_.decode(message, values);
  } else {
    gather(comm, message, values);
  }
  if (!compressor_.keeps_mean()) return;
  if (!total_.defined()) total_ = at::zeros_like(values);
  values.copy_(total_.add_(values));
}

void CompressedMean::gather(Communicator& comm, const at::Tensor& message, const at::Tensor& values) const {
  const std::int64_t size = message.numel();
  const at::Tensor all = at::zeros({comm.size() * size}, message.options());
  comm.all_gather(message, all);
  const at::Tensor part = at::empty_like(values);
  values.zero_();
  for (int rank = 0; rank < comm.size(); ++rank) {
    compressor_.decode(all.narrow(0, rank * size, size), part);
    values.add_(part);
  }
  if (compressor_.codec().votes()) {
    values.sign_();
  } else {
    values.div_(comm.size());
  }
}

}  // namespace sac
