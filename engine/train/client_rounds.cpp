#include "engine/train/client_rounds.h"

#include <ATen/ops/zeros.h>

namespace sac {

std::vector<OptionSpec> ClientRounds::options() {
  return joined({{{.name = "period", .fallback = std::int64_t{10}, .doc = "steps a round, H", .min = 1, .max = 1e9},
                  {.name = "client_fraction",
                   .fallback = 1.0,
                   .doc = "share of the workers that train in a round, the others are idle; at least one",
                   .min = 0,
                   .max = 1}},
                 ServerLink::options()});
}

ClientRounds::ClientRounds(const Options& options, const std::string& strategy)
    : options_(options), period_(options.integer("period")), link_(options, strategy) {
  require_lengths(link_.compressor(), strategy);
}

void ClientRounds::prepare(Worker& worker, std::int64_t extra) {
  link_.prepare(worker);
  draw_ = ClientDraw(options_.number("client_fraction"), worker.world_size(), worker.seed());
  takes_part_ = draw_.takes_part(worker.rank(), 0);
  global_ = at::zeros({worker.parameters().numel() + extra}, worker.parameters().options());
  global_model(worker).copy_(worker.parameters());
}

void ClientRounds::begin(Worker& worker) {
  if (!takes_part_ || has_model_) return;
  worker.rest(true);
  worker.server().pull(global_);
  worker.rest(false);
  take_global(worker);
}

void ClientRounds::take_global(const Worker& worker) {
  worker.parameters().copy_(global_model(worker));
  has_model_ = true;
}

bool ClientRounds::ends(const Worker& worker) {
  return ++steps_ == period_ || worker.step() + 1 == worker.total_steps();
}

void ClientRounds::close(Worker& worker) { close(worker, worker.parameters().sub(global_)); }

void ClientRounds::close(Worker& worker, const at::Tensor& change) {
  const bool goes_on = draw_.takes_part(worker.rank(), round_ + 1);
  has_model_ = false;
  if (takes_part_) {
    link_.push_pull(worker, change, 1.0, {.lr = worker.lr()}, goes_on ? global_ : at::Tensor());
    if (goes_on) take_global(worker);
  }
  takes_part_ = goes_on;
  steps_ = 0;
  ++round_;
}

void ClientRounds::io(Archive& archive) {
  archive.io(round_, steps_, takes_part_, has_model_, global_);
  link_.io(archive);
}

}  // namespace sac
