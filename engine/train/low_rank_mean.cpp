#include "engine/train/low_rank_mean.h"

#include <ATen/ops/empty_like.h>

#include "engine/train/matrices.h"

namespace sac {
namespace {

constexpr std::uint32_t kEverybody = 0xfffffffe;  ///< no rank's own stream

}  // namespace

void LowRankMean::apply(Worker& worker, Communicator& comm, const Slices& elements, const at::Tensor& values,
                        double unit) {
  if (!power_) {
    power_.emplace(rank_, iterations_, matrices_of(worker.layout(), elements),
                   RandomStream(worker.seed(), kEverybody, Purpose::kStrategy));
    power_->memory() = memory_;
  }
  const at::Tensor wanted = kept_.wanted(values, unit, worker.world_size());
  const at::Tensor said = at::empty_like(values);
  const at::Tensor mean = kept_.keeps_nothing() ? values : wanted.clone();
  power_->average(mean, said, [&](const at::Tensor& tensor) { comm.all_reduce(tensor, Reduce::kMean); });
  kept_.sent(wanted, said, unit);
  if (!kept_.keeps_nothing()) values.copy_(mean);
}

void LowRankMean::io(Archive& archive) {
  if (power_) memory_ = power_->memory();
  archive.io(kept_, memory_);
  if (archive.reading()) power_.reset();
}

}  // namespace sac
