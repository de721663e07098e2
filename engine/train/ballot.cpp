#include "engine/train/ballot.h"

#include <ATen/ops/cat.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace sac {
namespace {

void add_to(at::Tensor& sum, const at::Tensor& term) {
  if (!sum.defined()) {
    sum = term.clone();
  } else {
    sum.add_(term);
  }
}

at::Tensor mean_of(const std::vector<at::Tensor>& shares) {
  at::Tensor sum;
  for (const at::Tensor& share : shares) add_to(sum, share);
  return sum.div_(static_cast<double>(shares.size()));
}

at::Tensor joined(const std::vector<at::Tensor>& parts) { return parts.size() == 1 ? parts.front() : at::cat(parts); }

}  // namespace

void Ballot::add(const Contribution& contribution, BatchStatistics statistics) {
  const auto place = static_cast<std::size_t>(contribution.stage);
  if (stages_.size() <= place) stages_.resize(place + 1);
  Stage& stage = stages_[place];
  const bool local = statistics == BatchStatistics::kLocal;
  if (stage.summed == 0 || (local && contribution.replica < stage.first)) {
    stage.buffers = contribution.buffers;
    stage.first = contribution.replica;
    stage.summed = 1;
  } else if (!local) {
    stage.buffers = stage.buffers.add(contribution.buffers);
    ++stage.summed;
  }
  using Kind = ConsensusShare::Kind;
  const Kind kind = contribution.share.kind;
  if (kind == Kind::kServer || kind == Kind::kAroundServer) server_ = true;
  if (kind != Kind::kReplica && kind != Kind::kAroundServer) return;
  stage.shares.push_back(contribution.share.parameters);
  stage.whose.push_back(contribution.replica);
}

std::int64_t Ballot::replicas() const {
  return stages_.empty() ? 0 : static_cast<std::int64_t>(stages_.front().shares.size());
}

at::Tensor Ballot::mean() const {
  if (replicas() == 0) return {};
  std::vector<at::Tensor> means;
  for (const Stage& stage : stages_) means.push_back(mean_of(stage.shares));
  return joined(means);
}

double Ballot::distance(const at::Tensor& mean) const {
  std::map<std::int64_t, double> of_replica;
  std::int64_t begin = 0;
  for (const Stage& stage : stages_) {
    const at::Tensor centre = mean.narrow(0, begin, stage.shares.front().numel());
    for (std::size_t i = 0; i < stage.shares.size(); ++i) {
      double& distance = of_replica[stage.whose[i]];
      distance = std::hypot(distance, stage.shares[i].dist(centre).item<double>());
    }
    begin += centre.numel();
  }
  double sum = 0.0;
  for (const std::int64_t replica : stages_.front().whose) sum += of_replica.at(replica);
  return sum / static_cast<double>(replicas());
}

at::Tensor Ballot::buffers() const {
  std::vector<at::Tensor> means;
  for (const Stage& stage : stages_) means.push_back(stage.buffers.div(static_cast<double>(stage.summed)));
  return joined(means);
}

}  // namespace sac
