#pragma once
#include <ATen/core/Tensor.h>
#include <c10/util/intrusive_ptr.h>

#include <functional>
#include <memory>
#include <string>

#include "engine/core/units.h"
#include "engine/fabric/group/watch.h"

namespace c10d {
class Work;
}

namespace sac {

/// When an operation was posted and done, and from when until when its rank stood still for it; steady seconds.
struct Times {
  double posted = 0.0;
  double from = 0.0;
  double until = 0.0;
  double done = 0.0;
};

/// One c10d operation under way.
class Pending {
 public:
  virtual ~Pending() = default;
  /// Blocks until it is done.  @param what  names it in errors.  @param timeout  0 = for ever.
  /// @throws ClusterFailure  it broke, it took too long, or a rank failed elsewhere.
  virtual void wait(Watch& watch, const std::string& what, Seconds timeout) = 0;
  /// After wait.
  [[nodiscard]] virtual Times times() const = 0;
  /// Who sent what was received from anybody; after wait.
  [[nodiscard]] virtual int source() const { return -1; }
};
using PendingPtr = std::unique_ptr<Pending>;
using WorkRef = c10::intrusive_ptr<c10d::Work>;

/// A collective on the CPU: its future tells when it is done.
PendingPtr pending_collective(const WorkRef& work);
/// A collective on a device, posted behind what the calling thread's stream holds.
/// @param abort  frees the device of it once the cluster has failed.
PendingPtr pending_on_device(const WorkRef& work, at::Device device, std::function<void()> abort);
/// A message on the CPU: only its own wait knows when it is done.
PendingPtr pending_message(const WorkRef& work, bool from_any);
/// A reduction of which this rank keeps a slice: `slice` is copied to `output` when it is done.
PendingPtr pending_slice(PendingPtr reduction, at::Tensor slice, at::Tensor output);

/// c10d's own time-outs are out of the way: ours know who is missing. 0 = that.
std::chrono::milliseconds c10d_timeout(Seconds seconds);

}  // namespace sac
