#pragma once
#include <ATen/core/Tensor.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "engine/fabric/group/communicator.h"
#include "engine/train/archive.h"
#include "engine/train/endpoint.h"

namespace sac {

/// A step report with the books' state at that moment.
struct TimedReport {
  StepReport report;
  double clock = 0.0;
  std::int64_t wire_bytes = 0;
  void io(Archive& archive);
};

/// Carries every rank's step reports to rank 0 beside the training, on a thread and a process group of its own.
class Reports {
 public:
  using Take = std::function<void(const TimedReport&)>;

  /// @param take  called on rank 0, from the thread, for each report of any rank.
  Reports(const RankContext& context, Take take);
  ~Reports();

  /// Returns at once.
  void send(TimedReport report);
  /// No more from here. On rank 0 it returns when every rank has said so and all reports are taken.
  void finish();

 private:
  void run();
  void send_all(ProcessGroup& group);
  void take_all(ProcessGroup& group);
  std::deque<std::string> next();

  const RankContext* context_;
  Take take_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> queue_;
  bool finished_ = false;
  std::thread thread_;
};

/// A text as a byte tensor over its memory.
at::Tensor bytes_tensor(std::string& text);

}  // namespace sac
