#include "engine/train/delayed_merge.h"

namespace sac {

at::Tensor DelayedMerge::target_of(Worker& worker, std::int64_t target) {
  return target == kParameters ? worker.parameters() : worker.optimizer().state()[static_cast<std::size_t>(target)];
}

void DelayedMerge::send(Worker& worker, const Slices& slices, std::int64_t target) {
  if (slices.empty()) return;
  Flight flight{.ranges = slices.ranges(),
                .due = worker.step() + delay_,
                .sent = slices.pack(target_of(worker, target)).clone(),
                .target = target};
  flight.mean = flight.sent.clone();
  flight.work = worker.comm().all_reduce_async(flight.mean, Reduce::kMean);
  flights_.push_back(std::move(flight));
}

void DelayedMerge::send_with_state(Worker& worker) {
  const Slices all({{0, worker.layout().parameter_count()}});
  const auto states = static_cast<std::int64_t>(worker.optimizer().state().size());
  for (std::int64_t target = kParameters; target < states; ++target) send(worker, all, target);
}

void DelayedMerge::merge_first(Worker& worker) {
  Flight flight = std::move(flights_.front());
  flights_.pop_front();
  flight.work->wait();
  Slices(flight.ranges).add(flight.mean.sub_(flight.sent), target_of(worker, flight.target));
}

void DelayedMerge::merge_due(Worker& worker) {
  if (worker.step() + 1 == worker.total_steps()) return merge_all(worker);
  while (!flights_.empty() && flights_.front().due <= worker.step()) merge_first(worker);
}

void DelayedMerge::merge_all(Worker& worker) {
  while (!flights_.empty()) merge_first(worker);
}

void DelayedMerge::io(Archive& archive, Worker& worker) {
  auto count = static_cast<std::uint64_t>(flights_.size());
  archive.io(count);
  if (archive.reading()) flights_.resize(count);
  for (Flight& flight : flights_) {
    auto ranges = static_cast<std::uint64_t>(flight.ranges.size());
    archive.io(ranges);
    flight.ranges.resize(ranges);
    for (Range& range : flight.ranges) archive.io(range.begin, range.end);
    std::int64_t id = flight.work ? flight.work->id() : 0;
    archive.io(flight.due, flight.sent, flight.target, id);
    if (!archive.reading()) continue;
    flight.mean = flight.sent.clone();
    flight.work = worker.comm().reattach(id, flight.mean);
  }
}

}  // namespace sac
