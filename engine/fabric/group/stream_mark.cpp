#include "engine/fabric/group/stream_mark.h"

#include <c10/core/impl/VirtualGuardImpl.h>

#include <chrono>

namespace sac {

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

StreamMark::StreamMark(at::Device device) {
  if (device.is_cpu()) {
    steady_ = steady_seconds();
    return;
  }
  event_.emplace(device.type(), c10::EventFlag::BACKEND_DEFAULT);
  event_->record(c10::impl::VirtualGuardImpl(device.type()).getStream(device));
}

bool StreamMark::reached() const { return !event_ || event_->query(); }

void StreamMark::wait() const {
  if (event_) event_->synchronize();
}

double StreamMark::until(const StreamMark& later) const {
  return event_ ? 1e-3 * event_->elapsedTime(*later.event_) : later.steady_ - steady_;
}

}  // namespace sac
