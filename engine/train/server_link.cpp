#include "engine/train/server_link.h"

#include <ATen/ops/empty_like.h>

#include "engine/core/error.h"

namespace sac {

ServerLink::ServerLink(const Options& options, const std::string& strategy)
    : options_(options), compressor_(options, Route::kServer) {
  if (!exact() && compressor_.keeps_mean()) {
    throw ConfigError("strategy '" + strategy +
                      "': error_feedback_rule = \"ef21\" needs every worker's word in every exchange; use \"ef\"");
  }
}

void ServerLink::prepare(Worker& worker) {
  if (exact()) return;
  for (int shard = 0; shard < worker.server().shards(); ++shard) compressors_.emplace_back(options_, Route::kServer);
}

void ServerLink::push_pull(Worker& worker, const at::Tensor& values, double unit, const PushNote& note,
                           const at::Tensor& parameters) {
  ParameterServer& server = worker.server();
  std::vector<at::Tensor> messages = server.slices(values);
  for (std::size_t shard = 0; shard < compressors_.size(); ++shard) {
    messages[shard] = compressors_[shard].encode(worker, messages[shard], unit);
  }
  server.exchange(messages, note, parameters.defined() ? server.slices(parameters) : std::vector<at::Tensor>{});
}

void ServerLink::push_pull(Worker& worker, const Slices& slices, const PushNote& note) {
  const at::Tensor parameters = slices.pack(worker.parameters());
  push_pull(worker, slices.pack(worker.gradients()), note.lr, note, parameters);
  slices.unpack(parameters, worker.parameters());
}

ReceivedPushes::ReceivedPushes(const Options& options, const ServerSetup& setup)
    : codec_(Compressor::codec_of(options)),
      seed_(setup.seed),
      value_(at::empty_like(setup.parameters)),
      pushes_(static_cast<std::size_t>(setup.workers), 0) {}

const at::Tensor& ReceivedPushes::read(const ServerUpdate& update) {
  const std::int64_t number = ++pushes_[static_cast<std::size_t>(update.worker)];
  if (codec_) {
    codec_->decode(update.value, {.seed = seed_, .number = static_cast<std::uint64_t>(number)}, value_);
  } else {
    value_.copy_(update.value);
  }
  return value_;
}

}  // namespace sac
