#include "engine/train/delayed_merge.h"

#include <ATen/ops/empty_like.h>

namespace sac {

DelayedMerge::DelayedMerge(std::int64_t delay, const Options& options, const std::string& strategy, std::int64_t pieces)
    : delay_(delay) {
  for (std::int64_t piece = 0; piece < pieces; ++piece) means_.emplace_back(options);
  require_lengths(means_.front().compressor(), strategy);
  require_one_exchange(means_.front(), strategy);
}

at::Tensor DelayedMerge::target_of(Worker& worker, std::int64_t target) {
  return target == kParameters ? worker.parameters() : worker.optimizer().state()[static_cast<std::size_t>(target)];
}

void DelayedMerge::agree(Worker& worker) {
  if (!exact()) agreed_ = worker.parameters().clone();
}

void DelayedMerge::send(Worker& worker, const Slices& slices, std::int64_t piece) {
  send(worker, slices, kParameters, piece);
}

void DelayedMerge::send(Worker& worker, const Slices& slices, std::int64_t target, std::int64_t piece) {
  if (slices.empty()) return;
  Flight flight{.ranges = slices.ranges(),
                .posted = worker.step(),
                .sent = slices.pack(target_of(worker, target)).clone(),
                .target = target,
                .piece = piece};
  at::Tensor said = flight.sent;
  if (target == kParameters && !exact()) {
    flight.agreed = slices.pack(agreed_).clone();
    said = flight.sent.sub(flight.agreed);
  }
  flight.exchange = mean_of(flight).start(worker, worker.comm(), said, 1.0);
  flights_.push_back(std::move(flight));
}

void DelayedMerge::send_with_state(Worker& worker) {
  const Slices all({{0, worker.layout().parameter_count()}});
  const auto states = static_cast<std::int64_t>(worker.optimizer().state().size());
  for (std::int64_t target = kParameters; target < states; ++target) send(worker, all, target, 0);
}

void DelayedMerge::merge_first(Worker& worker) {
  Flight flight = std::move(flights_.front());
  flights_.pop_front();
  const at::Tensor mean = at::empty_like(flight.sent);
  mean_of(flight).finish(flight.exchange, mean);
  const Slices slices(flight.ranges);
  if (flight.agreed.defined()) {
    mean.add_(flight.agreed);
    slices.unpack(mean, agreed_);
  }
  const at::Tensor target = target_of(worker, flight.target);
  if (flight.posted == worker.step()) {
    slices.unpack(mean, target);
  } else {
    slices.add(mean.sub_(flight.sent), target);
  }
}

void DelayedMerge::merge_due(Worker& worker) {
  if (worker.step() + 1 == worker.total_steps()) return merge_all(worker);
  while (!flights_.empty() && flights_.front().posted + delay_ <= worker.step()) merge_first(worker);
}

void DelayedMerge::merge_all(Worker& worker) {
  while (!flights_.empty()) merge_first(worker);
}

void DelayedMerge::Flight::io(Archive& archive, Communicator& comm) {
  auto count = static_cast<std::uint64_t>(ranges.size());
  archive.io(count);
  ranges.resize(count);
  for (Range& range : ranges) archive.io(range.begin, range.end);
  archive.io(posted, sent, agreed, target, piece);
  exchange.io(archive, comm);
}

void DelayedMerge::io(Archive& archive, Worker& worker) {
  for (CompressedMean& mean : means_) mean.io(archive);
  archive.io(agreed_);
  auto count = static_cast<std::uint64_t>(flights_.size());
  archive.io(count);
  if (archive.reading()) flights_.resize(count);
  for (Flight& flight : flights_) flight.io(archive, worker.comm());
}

}  // namespace sac
