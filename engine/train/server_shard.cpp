#include "engine/train/server_shard.h"

#include "engine/train/archive.h"

namespace sac {

ServerShard::ServerShard(int index, at::Tensor parameters, const MakeRule& make_rule, int workers)
    : parameters_(std::move(parameters)),
      rule_(make_rule(parameters_, index)),
      pulled_(static_cast<std::size_t>(workers), 0) {}

void ServerShard::apply(const at::Tensor& update, int worker, const PushNote& note, double seconds) {
  const std::int64_t staleness = version_ - pulled_[static_cast<std::size_t>(worker)];
  if (rule_->apply({.value = update, .worker = worker, .note = note, .staleness = staleness, .seconds = seconds})) {
    ++version_;
  }
  ++staleness_[staleness];
}

void ServerShard::read(int worker, const at::Tensor& out) {
  rule_->read(worker);
  out.copy_(parameters_);
  pulled_[static_cast<std::size_t>(worker)] = version_;
}

void ServerShard::io(Archive& archive) {
  archive.io(version_, pulled_, staleness_);
  rule_->io(archive);
}

}  // namespace sac
