#include "datasets/sampler.h"

#include <algorithm>

#include "engine/core/error.h"
#include "engine/core/random.h"

namespace sac {
namespace {

/// Fills `out` from position `position` of the endless stream that strings together one permutation of [0, size) an
/// epoch.
void fill_from_stream(std::int64_t size, std::int64_t position, std::uint64_t seed, std::int64_t rank,
                      std::vector<std::int64_t>& out) {
  for (std::size_t done = 0; done < out.size();) {
    const std::int64_t epoch = position / size;
    const std::int64_t first = position % size;
    const auto count = std::min<std::int64_t>(static_cast<std::int64_t>(out.size() - done), size - first);
    const Permutation permutation(static_cast<std::uint64_t>(size), seed, static_cast<std::uint32_t>(rank),
                                  static_cast<std::uint64_t>(epoch));
    for (std::int64_t i = 0; i < count; ++i) {
      out[done++] = static_cast<std::int64_t>(permutation(static_cast<std::uint64_t>(first + i)));
    }
    position += count;
  }
}

void check_at_least_one(std::int64_t value, const std::string& what) {
  if (value < 1) throw ConfigError(what + " = " + std::to_string(value) + " is out of range; it must be >= 1");
}

}  // namespace

Sampler::Sampler(const PartitionConfig& config, std::span<const std::int64_t> targets, std::int64_t workers,
                 const BatchSchedule& batches, std::uint64_t seed)
    : samples_(static_cast<std::int64_t>(targets.size())), workers_(workers), batches_(batches), seed_(seed) {
  check_at_least_one(samples_, "the number of training samples");
  check_at_least_one(workers, "workers");
  check_at_least_one(batches.at(0), "train.batch_size");
  if (config.kind == "iid") return;
  offsets_.push_back(0);
  for (const auto& shard : partition(config, targets, workers, seed)) {
    order_.insert(order_.end(), shard.begin(), shard.end());
    offsets_.push_back(static_cast<std::int64_t>(order_.size()));
  }
}

void Sampler::indices(std::int64_t rank, std::int64_t step, std::vector<std::int64_t>& out) const {
  indices(rank, step, 0, 1, out);
}

void Sampler::indices(std::int64_t group, std::int64_t step, std::int64_t part, std::int64_t parts,
                      std::vector<std::int64_t>& out) const {
  const std::int64_t size = batches_.at(step);
  if (parts < 1 || size % parts != 0 || workers_ % parts != 0) {
    throw ConfigError("a batch shared out over " + std::to_string(parts) + " workers does not go evenly into " +
                      "train.batch_size = " + std::to_string(size) + " and " + std::to_string(workers_) +
                      " workers; it must divide both");
  }
  out.resize(static_cast<std::size_t>(size / parts));
  const std::int64_t begin = stream_position(group, step, part, parts);
  if (order_.empty()) return fill_from_stream(samples_, begin, seed_, 0, out);
  const std::int64_t first = offsets_[static_cast<std::size_t>(group * parts)];
  const std::int64_t end = offsets_[static_cast<std::size_t>((group + 1) * parts)];
  fill_from_stream(end - first, begin, seed_, group, out);
  for (std::int64_t& index : out) index = order_[static_cast<std::size_t>(first + index)];
}

/// Where the part begins in the stream that it is taken of.
std::int64_t Sampler::stream_position(std::int64_t group, std::int64_t step, std::int64_t part,
                                      std::int64_t parts) const {
  const std::int64_t size = batches_.at(step);
  const std::int64_t before = batches_.before(step);
  return (order_.empty() ? before * (workers_ / parts) + group * size : before) + part * (size / parts);
}

Sampler::Place Sampler::place(std::int64_t group, std::int64_t step, std::int64_t part, std::int64_t parts) const {
  return {order_.empty() ? 0 : group, stream_position(group, step, part, parts)};
}

std::int64_t Sampler::steps_per_epoch() const { return batches_.steps_for(static_cast<double>(samples_), workers_); }

}  // namespace sac
