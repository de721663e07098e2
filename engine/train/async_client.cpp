#include "engine/train/async_client.h"

namespace sac {

std::vector<OptionSpec> AsyncClient::options(const std::string& stale_weight) {
  return joined(
      {{{.name = "period", .fallback = std::int64_t{10}, .doc = "steps between pushes, H", .min = 1, .max = 1e9}},
       StalenessWeight::options(stale_weight),
       ServerLink::options()});
}

AsyncClient::AsyncClient(const Options& options, const std::string& name)
    : options_(options), period_(options.integer("period")), link_(options, name) {
  require_lengths(link_.compressor(), name);
}

void AsyncClient::prepare(Worker& worker) {
  link_.prepare(worker);
  read_ = worker.parameters().clone();
}

void AsyncClient::step(Worker& worker) {
  worker.compute_gradients();
  worker.update();
  const std::int64_t done = worker.step() + 1;
  if (done % period_ != 0 && done != worker.total_steps()) return;
  const at::Tensor difference = worker.parameters().sub(read_);
  link_.push_pull(worker, difference, 1.0, {.lr = worker.lr()}, worker.parameters());
  read_.copy_(worker.parameters());
}

void AsyncClient::io(Archive& archive, Worker& /*worker*/) {
  archive.io(read_);
  link_.io(archive);
}

}  // namespace sac
