#pragma once
#include <cstdint>
#include <limits>
#include <vector>

#include "engine/train/archive.h"

namespace sac {

/// How many gradients a worker may be ahead of the slowest and still read, s.
struct ClockGap {
  static constexpr std::int64_t kAny = std::numeric_limits<std::int64_t>::max();
  std::int64_t least = kAny;  ///< s, or where it moves its lower end
  std::int64_t most = kAny;   ///< its upper end; equal to `least`: s is fixed
};

/// How many gradients each worker has pushed to a shard, when, and who may therefore read.
///   fixed    a worker reads while its clock <= the slowest clock + s              Ho et al. 2013 (SSP)
///   moving   where the fastest worker would have to wait at s = least, it is granted r more gradients, r in [0, most -
///            least] the number after which it would wait the shortest: the r (and k >= 1) of the least |(its last push
///            + r its time) - (the slowest's last push + k its time)|, a worker's time that from its last read to its
///            last push                                                           Zhao et al. 2019 (DSSP)
class WorkerClocks {
 public:
  WorkerClocks(const ClockGap& gap, int workers) : gap_(gap), lanes_(static_cast<std::size_t>(workers)) {}

  /// One more gradient of the worker has come, at `seconds` of the shard's clock.
  void pushed(int worker, double seconds);
  [[nodiscard]] bool may_read(int worker) const;
  /// The worker reads, at the time of the last push of anybody.
  void read(int worker) { lane(worker).read_s = now_s_; }
  /// A worker that is away holds nobody back.
  void set_present(int worker, bool present) { lane(worker).present = present; }
  [[nodiscard]] std::int64_t present() const;
  void io(Archive& archive) { archive.io(lanes_, now_s_); }

 private:
  struct Lane {
    std::int64_t clock = 0;     ///< gradients pushed
    double last_s = 0.0;        ///< when the last one came
    double read_s = 0.0;        ///< when it last read
    double time_s = 0.0;        ///< from that to the last push
    std::int64_t granted = -1;  ///< it reads up to this clock, whatever the slowest's
    bool present = true;
    void io(Archive& archive) { archive.io(clock, last_s, read_s, time_s, granted, present); }
  };

  [[nodiscard]] Lane& lane(int worker) { return lanes_[static_cast<std::size_t>(worker)]; }
  [[nodiscard]] const Lane& lane(int worker) const { return lanes_[static_cast<std::size_t>(worker)]; }
  /// The slowest of those present and `mine`.
  [[nodiscard]] const Lane& slowest(const Lane& mine) const;
  [[nodiscard]] std::int64_t extra(const Lane& fast, const Lane& slow) const;

  ClockGap gap_;
  std::vector<Lane> lanes_;
  double now_s_ = 0.0;  ///< of the last push
};

}  // namespace sac
