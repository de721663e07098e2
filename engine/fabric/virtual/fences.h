#pragma once
#include <ATen/core/Tensor.h>
#include <c10/core/Event.h>
#include <c10/core/StreamGuard.h>

#include <cstdint>
#include <initializer_list>
#include <mutex>
#include <optional>
#include <vector>

namespace sac {

/// Carries the order of the simulated world over to a device, whose streams know nothing of it. Each worker enqueues on
/// a stream of its own, the world on another: what a worker hands over is finished before the world touches it, what
/// the world has done is finished before the worker that waited for it goes on, and the host waits for neither. Safe
/// from the workers' threads and the world's at once. On the CPU, where work is done when the call returns, nothing
/// here does anything.
class Fences {
 public:
  Fences(at::Device device, int workers);

  /// While it lives, the calling thread enqueues on worker `rank`'s stream.
  [[nodiscard]] c10::OptionalStreamGuard worker_stream(int rank) const;

  // ---- called by worker `rank`'s own thread -------------------------------------------------------------------------
  /// The world will read these tensors; undefined ones are passed over.
  void lend(int rank, std::initializer_list<at::Tensor> tensors);
  /// The world is done with what was lent, and this is its answer, or undefined.
  void take(int rank, const at::Tensor& answer);

  // ---- called by the world, one turn at a time ----------------------------------------------------------------------
  static constexpr int kEveryone = -1;
  /// While it lives, the calling thread enqueues on the world's stream, behind what `rank` (or everyone) has lent.
  class Turn {
   public:
    Turn(Fences& fences, int rank);
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    Fences& fences_;
    c10::OptionalStreamGuard stream_;
  };
  /// Waits for all that was ever enqueued, so that what follows can be timed by itself.
  void drain() const;

 private:
  struct Lane {
    c10::Stream stream;
    c10::Event lent;
    std::uint64_t seen = 0;  ///< turns of the world that the stream waits for already
  };
  [[nodiscard]] bool idle() const { return lanes_.empty(); }  ///< on the CPU
  void join(int rank);

  void leave();

  at::Device device_;
  mutable std::mutex mutex_{};  ///< of all below: an event must not be recorded and waited for at once
  std::optional<c10::Stream> world_{};
  std::optional<c10::Event> done_{};  ///< the world's last turn
  std::uint64_t turns_ = 0;
  std::vector<Lane> lanes_{};
};

}  // namespace sac
