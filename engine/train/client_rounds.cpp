#include "engine/train/client_rounds.h"

#include "engine/core/random.h"

namespace sac {

std::vector<OptionSpec> ClientRounds::options() {
  return joined({{{.name = "period", .fallback = std::int64_t{10}, .doc = "steps a round, H", .min = 1, .max = 1e9},
                  {.name = "client_fraction",
                   .fallback = 1.0,
                   .doc = "share of the workers that train in a round; at least one",
                   .min = 0,
                   .max = 1}},
                 Compressor::options()});
}

ClientRounds::ClientRounds(const Options& options, const std::string& strategy)
    : period_(options.integer("period")), fraction_(options.number("client_fraction")), mean_(options) {
  require_lengths(mean_.compressor(), strategy);
}

void ClientRounds::prepare(Worker& worker) {
  clients_ = share_of_elements(fraction_, worker.world_size());
  global_ = worker.parameters().clone();
  draw(worker);
}

void ClientRounds::draw(const Worker& worker) {
  constexpr std::uint32_t kDraw = 1;  // apart from other permutations of the same seed
  const Permutation order(static_cast<std::uint64_t>(worker.world_size()), worker.seed(), kDraw,
                          static_cast<std::uint64_t>(round_));
  takes_part_ = false;
  for (std::int64_t i = 0; i < clients_; ++i) {
    if (static_cast<int>(order(static_cast<std::uint64_t>(i))) == worker.rank()) takes_part_ = true;
  }
}

void ClientRounds::average(Worker& worker, const at::Tensor& values) const {
  if (!takes_part_) values.zero_();
  worker.comm().all_reduce(values, Reduce::kMean);
  if (clients_ < worker.world_size()) {
    values.mul_(static_cast<double>(worker.world_size()) / static_cast<double>(clients_));
  }
}

void ClientRounds::merge(Worker& worker) {
  const at::Tensor& x = worker.parameters();
  if (!mean_.active() && clients_ == worker.world_size()) return worker.comm().all_reduce(x, Reduce::kMean);
  x.sub_(global_);
  if (mean_.active()) {
    if (!takes_part_) x.zero_();
    mean_.apply(worker, worker.comm(), x, 1.0);
    x.mul_(static_cast<double>(worker.world_size()) / static_cast<double>(clients_));
  } else {
    average(worker, x);
  }
  x.add_(global_);
}

void ClientRounds::next_round(Worker& worker) {
  global_.copy_(worker.parameters());
  steps_ = 0;
  ++round_;
  draw(worker);
}

}  // namespace sac
