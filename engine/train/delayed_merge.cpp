#include "engine/train/delayed_merge.h"

namespace sac {

void DelayedMerge::send(Worker& worker, const Slices& slices) {
  if (slices.empty()) return;
  Flight flight{
      .ranges = slices.ranges(), .due = worker.step() + delay_, .sent = slices.pack(worker.parameters()).clone()};
  flight.mean = flight.sent.clone();
  flight.work = worker.comm().all_reduce_async(flight.mean, Reduce::kMean);
  flights_.push_back(std::move(flight));
}

void DelayedMerge::merge_due(Worker& worker) {
  const bool last = worker.step() + 1 == worker.total_steps();
  while (!flights_.empty() && (last || flights_.front().due <= worker.step())) {
    Flight flight = std::move(flights_.front());
    flights_.pop_front();
    flight.work->wait();
    Slices(flight.ranges).add(flight.mean.sub_(flight.sent), worker.parameters());
  }
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
    archive.io(flight.due, flight.sent, id);
    if (!archive.reading()) continue;
    flight.mean = flight.sent.clone();
    flight.work = worker.comm().reattach(id, flight.mean);
  }
}

}  // namespace sac
