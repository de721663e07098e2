#include "engine/train/compressed_mean.h"

#include <ATen/ops/empty_like.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>

#include "engine/core/error.h"

namespace sac {

OnDeath CompressedMean::on_death() const {
  const bool reduces = !active() || in_two_exchanges() || compressor_.adds_up();
  return reduces ? OnDeath::kCanGoOn : OnDeath::kStalls;
}

void CompressedMean::Flight::io(Archive& archive, Communicator& comm) {
  std::int64_t id = work ? work->id() : 0;
  bool under_way = work != nullptr;
  archive.io(message, all, lengths, round.seed, round.number, under_way, id);
  if (archive.reading() && under_way) work = comm.reattach(id, all.defined() ? all : message);
}

void CompressedMean::apply(Worker& worker, Communicator& comm, const at::Tensor& values, double unit) {
  apply_packed(worker, comm, Slices({{0, worker.layout().parameter_count()}}), values, unit);
}

void CompressedMean::apply(Worker& worker, Communicator& comm, const Slices& slices, const at::Tensor& flat,
                           double unit) {
  if (slices.empty()) return;
  const at::Tensor packed = slices.pack(flat);
  apply_packed(worker, comm, slices, packed, unit);
  slices.unpack(packed, flat);
}

void CompressedMean::apply_packed(Worker& worker, Communicator& comm, const Slices& elements, const at::Tensor& values,
                                  double unit) {
  if (!active()) return comm.all_reduce(values, Reduce::kMean);
  if (in_two_exchanges()) {
    low_rank_.apply(worker, comm, elements, values, unit);
    add_earlier(values);
    return;
  }
  Flight flight = start(worker, comm, values, unit);
  finish(flight, values);
}

CompressedMean::Flight CompressedMean::start(Worker& worker, Communicator& comm, const at::Tensor& values,
                                             double unit) {
  Flight flight;
  flight.message = active() ? compressor_.encode(worker, values, unit) : values.clone();
  flight.round = compressor_.round();
  if (!active() || compressor_.adds_up()) {
    flight.work = comm.all_reduce_async(flight.message, Reduce::kMean);
  } else {
    start_gather(comm, flight);
  }
  return flight;
}

void CompressedMean::start_gather(Communicator& comm, Flight& flight) const {
  flight.lengths = lengths_of(comm, flight.message);
  const std::int64_t longest = *std::max_element(flight.lengths.begin(), flight.lengths.end());
  const std::int64_t own = flight.message.numel();
  if (own < longest) {
    const at::Tensor padded = at::zeros({longest}, flight.message.options());
    padded.narrow(0, 0, own).copy_(flight.message);
    flight.message = padded;
  }
  flight.all = at::zeros({comm.size() * longest}, flight.message.options());
  flight.work = comm.all_gather_async(flight.message, flight.all);
}

/// Of every rank's message.
std::vector<std::int64_t> CompressedMean::lengths_of(Communicator& comm, const at::Tensor& message) const {
  const auto ranks = static_cast<std::size_t>(comm.size());
  if (!compressor_.varies()) return std::vector<std::int64_t>(ranks, message.numel());
  const at::TensorOptions options = message.options().dtype(at::kLong);
  const at::Tensor all = at::zeros({comm.size()}, options);
  comm.all_gather(at::full({1}, message.numel(), options), all);
  const at::Tensor host = all.cpu();
  const auto* length = host.const_data_ptr<std::int64_t>();
  return {length, length + ranks};
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
    compressor_.decode(flight.message, flight.round, values);
  }
  add_earlier(values);
}

void CompressedMean::decode_all(const Flight& flight, const at::Tensor& values) const {
  const std::int64_t longest = flight.message.numel();
  const at::Tensor part = at::empty_like(values);
  values.zero_();
  for (std::size_t rank = 0; rank < flight.lengths.size(); ++rank) {
    const std::int64_t begin = static_cast<std::int64_t>(rank) * longest;
    compressor_.decode(flight.all.narrow(0, begin, flight.lengths[rank]), flight.round, part);
    values.add_(part);
  }
  if (compressor_.votes()) {
    values.sign_();
  } else {
    values.div_(static_cast<double>(flight.lengths.size()));
  }
}

/// ef21: what was said before counts, too.
void CompressedMean::add_earlier(const at::Tensor& values) {
  if (!compressor_.keeps_mean()) return;
  if (!total_.defined()) total_ = at::zeros_like(values);
  values.copy_(total_.add_(values));
}

void require_one_exchange(const CompressedMean& mean, const std::string& strategy) {
  if (!mean.in_two_exchanges()) return;
  throw ConfigError("strategy '" + strategy +
                    "': strategy.codec = \"powersgd\" takes two exchanges in a row, and this strategy's averages must "
                    "be able to travel while workers compute; use another codec, or none");
}

}  // namespace sac
