#include "engine/core/metric_sink.h"

namespace sac {

const char* status_name(RunStatus status) {
  switch (status) {
    case RunStatus::kScheduled: return "SCHEDULED";
    case RunStatus::kRunning: return "RUNNING";
    case RunStatus::kFinished: return "FINISHED";
    case RunStatus::kFailed: return "FAILED";
    case RunStatus::kKilled: return "KILLED";
  }
  return "UNKNOWN";
}

}  // namespace sac
