#include "results/sink.h"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

#include "results/run_writer.h"

namespace sac {
namespace {

constexpr std::chrono::seconds kCommitInterval(1);
constexpr std::size_t kCommitPoints = 20'000;

class DatabaseSink final : public RunSink {
 public:
  DatabaseSink(const std::filesystem::path& path, std::optional<ResumePoint> resume) : writer_(path), resume_(resume) {}
  ~DatabaseSink() override;

  void begin(const RunContext& context) override;
  void record(std::span<const MetricPoint> points) override;
  void progress(const Progress& progress) override;
  void checkpointed(const std::string& path, std::int64_t step) override;
  void finish(const RunOutcome& outcome) override;
  void timeline(std::span<const Span> spans) override { writer_.keep_timeline(spans); }
  [[nodiscard]] std::int64_t run_id() const override { return writer_.run(); }
  [[nodiscard]] const std::string& run_name() const override { return writer_.name(); }

 private:
  void write_until_stopped();
  void write_pending(std::unique_lock<std::mutex>& lock);
  void stop();
  void rethrow();

  RunWriter writer_;
  std::optional<ResumePoint> resume_;
  bool open_ = false;  ///< between begin and finish

  std::mutex writing_;  ///< held while the writer is used; taken before `mutex_`
  std::mutex mutex_;    ///< guards everything below
  std::condition_variable wake_;
  std::vector<MetricPoint> pending_;
  Progress progress_;
  std::exception_ptr failure_;
  bool stopping_ = false;
  std::thread thread_;
};

DatabaseSink::~DatabaseSink() {
  if (!open_) return;
  try {
    stop();
    RunOutcome outcome;
    outcome.status = RunStatus::kFailed;
    outcome.error = "the run ended without an outcome";
    writer_.finish(outcome);
  } catch (...) {  // the run stays RUNNING without a heartbeat, which reads as CRASHED
  }
}

void DatabaseSink::begin(const RunContext& context) {
  if (resume_) {
    writer_.resume(context, *resume_);
    progress_.step = resume_->step.value_or(0);
  } else {
    writer_.insert(context);
  }
  open_ = true;
  thread_ = std::thread([this] { write_until_stopped(); });
}

void DatabaseSink::record(std::span<const MetricPoint> points) {
  const std::lock_guard lock(mutex_);
  rethrow();
  pending_.insert(pending_.end(), points.begin(), points.end());
  if (pending_.size() >= kCommitPoints) wake_.notify_one();
}

void DatabaseSink::progress(const Progress& progress) {
  const std::lock_guard lock(mutex_);
  rethrow();
  progress_ = progress;
}

void DatabaseSink::checkpointed(const std::string& path, std::int64_t step) {
  const std::lock_guard writing(writing_);
  std::unique_lock lock(mutex_);
  write_pending(lock);
  rethrow();
  writer_.set_checkpoint(path, step);
}

void DatabaseSink::finish(const RunOutcome& outcome) {
  stop();
  open_ = false;
  rethrow();  // a run without all of its points is not finished: it stays RUNNING without a heartbeat
  writer_.finish(outcome);
}

void DatabaseSink::write_until_stopped() {
  bool stopping = false;
  while (!stopping) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, kCommitInterval, [this] { return stopping_ || pending_.size() >= kCommitPoints; });
      stopping = stopping_;
    }
    const std::lock_guard writing(writing_);
    std::unique_lock lock(mutex_);
    write_pending(lock);
  }
}

/// Commits what is pending without holding `lock` meanwhile. Needs `writing_`.
void DatabaseSink::write_pending(std::unique_lock<std::mutex>& lock) {
  if (failure_) return;
  std::vector<MetricPoint> points;
  points.swap(pending_);
  const Progress progress = progress_;
  lock.unlock();
  std::exception_ptr failure;
  try {
    writer_.append(points, progress);
  } catch (...) {
    failure = std::current_exception();
  }
  lock.lock();
  failure_ = failure;
}

void DatabaseSink::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void DatabaseSink::rethrow() {
  if (failure_) std::rethrow_exception(failure_);
}

}  // namespace

std::unique_ptr<RunSink> make_sink(const std::filesystem::path& path, std::optional<ResumePoint> resume) {
  return std::make_unique<DatabaseSink>(path, resume);
}

}  // namespace sac
