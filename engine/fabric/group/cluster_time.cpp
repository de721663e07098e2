#include "engine/fabric/group/cluster_time.h"

#include <ATen/ops/empty.h>

#include "engine/fabric/group/stream_mark.h"

namespace sac {
namespace {

constexpr int kRoundTrips = 16;
constexpr int kPing = 1;
constexpr int kPong = 2;
constexpr const char* kWhat = "the alignment of clocks";

/// Rank 0 answers every ping with its clock.
void answer(ProcessGroup& group, Watch& watch, Seconds timeout) {
  const at::Tensor ping = at::empty({1}, at::TensorOptions(at::kDouble));
  const at::Tensor pong = at::empty({1}, at::TensorOptions(at::kDouble));
  for (int rank = 1; rank < group.size(); ++rank) {
    for (int i = 0; i < kRoundTrips; ++i) {
      group.recv(ping, rank, kPing)->wait(watch, kWhat, timeout);
      pong.fill_(steady_seconds());
      group.send(pong, rank, kPong)->wait(watch, kWhat, timeout);
    }
  }
}

}  // namespace

ClusterTime::Sample ClusterTime::measure(ProcessGroup& group, Watch& watch, Seconds timeout) const {
  const at::Tensor ping = at::empty({1}, at::TensorOptions(at::kDouble)).fill_(0.0);
  const at::Tensor pong = at::empty({1}, at::TensorOptions(at::kDouble));
  Sample best;
  double quickest = 0.0;
  for (int i = 0; i < kRoundTrips; ++i) {
    const double sent = steady_seconds();
    group.send(ping, 0, kPing)->wait(watch, kWhat, timeout);
    group.recv(pong, 0, kPong)->wait(watch, kWhat, timeout);
    const double back = steady_seconds();
    if (i > 0 && back - sent >= quickest) continue;
    quickest = back - sent;
    const double middle = sent + quickest / 2;
    best = {.steady = middle, .difference = same_machine_ ? 0.0 : pong.item<double>() - middle};
  }
  return best;
}

void ClusterTime::align(ProcessGroup& group, Watch& watch, Seconds timeout) {
  if (group.rank() == 0) return answer(group, watch, timeout);
  const Sample sample = measure(group, watch, timeout);
  before_ = last_.steady > 0.0 ? last_ : sample;
  last_ = sample;
}

double ClusterTime::at(double steady) const {
  const double span = last_.steady - before_.steady;
  if (span <= 0.0) return steady + last_.difference;
  const double share = (steady - before_.steady) / span;
  return steady + before_.difference + share * (last_.difference - before_.difference);
}

}  // namespace sac
