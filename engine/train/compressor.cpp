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

ValueMap Compressor::values(const Options& options) {
  ValueMap values;
  for (const OptionSpec& option : Compressor::options()) values[option.name] = options.values().at(option.name);
  return values;
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

void CompressedMean::Flight::io(Archive& archive, Communicator& comm) {
  std::int64_t id = work ? work->id() : 0;
  bool under_way = work != nullptr;
  archive.io(message, all, round.seed, round.number, under_way, id);
  if (archive.reading() && under_way) work = comm.reattach(id, all.defined() ? all : message);
}

void CompressedMean::apply(Worker& worker, Communicator& comm, const at::Tensor& values, double unit) {
  if (!active()) return comm.all_reduce(values, Reduce::kMean);
  Flight flight = start(worker, comm, values, unit);
  finish(flight, values);
}

void CompressedMean::apply(Worker& worker, Communicator& comm, const Slices& slices, const at::Tensor& flat,
                           double unit) {
  if (slices.empty()) return;
  const at::Tensor packed = slices.pack(flat);
  apply(worker, comm, packed, unit);
  slices.unpack(packed, flat);
}

CompressedMean::Flight CompressedMean::start(Worker& worker, Communicator& comm, const at::Tensor& values,
                                             double unit) {
  Flight flight;
  flight.message = active() ? compressor_.encode(worker, values, unit) : values.clone();
  flight.round = compressor_.round();
  if (!active() || compressor_.codec().adds_up()) {
    flight.work = comm.all_reduce_async(flight.message, Reduce::kMean);
  } else {
    flight.all = at::zeros({comm.size() * flight.message.numel()}, flight.message.options());
    flight.work = comm.all_gather_async(flight.message, flight.all);
  }
  return flight;
}

void CompressedMean::finish(Flight& flight, const at::Tensor& values) {
  flight.work->wait();
  flight.work.reset();
  if (!active()) {
    values.copy_(flight.message);
    return;
  }
  if (flight.all.defined()) {
    decode_all(flight, values);
  } else {
    compressor_.codec().decode(flight.message, flight.round, values);
  }
  if (!compressor_.keeps_mean()) return;
  if (!total_.defined()) total_ = at::zeros_like(values);
  values.copy_(total_.add_(values));
}

void CompressedMean::decode_all(const Flight& flight, const at::Tensor& values) const {
  const std::int64_t size = flight.message.numel();
  const std::int64_t ranks = size > 0 ? flight.all.numel() / size : 1;
  const at::Tensor part = at::empty_like(values);
  values.zero_();
  for (std::int64_t rank = 0; rank < ranks; ++rank) {
    compressor_.codec().decode(flight.all.narrow(0, rank * size, size), flight.round, part);
    values.add_(part);
  }
  if (compressor_.codec().votes()) {
    values.sign_();
  } else {
    values.div_(static_cast<double>(ranks));
  }
}

}  // namespace sac
