#pragma once
#include <c10/core/Device.h>
#include <c10/core/Event.h>

#include <optional>

namespace sac {

/// Seconds of the machine's steady clock.
double steady_seconds();

/// The moment at which all that a device's stream holds so far is done. On the CPU: now. Measured by the device's
/// events, so that the host need not be there.
class StreamMark {
 public:
  /// Marks the calling thread's current stream on `device`.
  explicit StreamMark(at::Device device);

  [[nodiscard]] bool reached() const;
  /// Blocks until it is reached.
  void wait() const;
  /// Seconds from this mark to a later one; both reached.
  [[nodiscard]] double until(const StreamMark& later) const;

 private:
  double steady_ = 0.0;
  std::optional<c10::Event> event_{};
};

}  // namespace sac
