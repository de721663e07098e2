#include "engine/train/prefetched_batches.h"

#include <csignal>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace sac {
namespace {

constexpr std::int64_t kAheadBytes = std::int64_t{1} << 30;

/// Whose batch it is.
struct Place {
  int member, members, part, parts;
  [[nodiscard]] auto operator<=>(const Place&) const = default;
};

/// A batch that is prepared before anybody asks for it.
struct Ahead {
  enum class State { kQueued, kRunning, kReady, kUnwanted };
  Place place;
  std::int64_t step;
  std::int64_t asked;  ///< how many batches had been asked for when it was planned
  State state = State::kQueued;
  Batch batch{};
  std::exception_ptr error{};
};

std::int64_t bytes_of(const Batch& batch) {
  std::int64_t bytes = 0;
  for (const at::Tensor* tensor : {&batch.inputs, &batch.targets, &batch.shares}) {
    if (tensor->defined()) bytes += static_cast<std::int64_t>(tensor->nbytes());
  }
  return std::max<std::int64_t>(bytes, 1);
}

/// Signals are for the threads that were there before.
void take_no_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

class PrefetchedBatches::Loader {
 public:
  Loader(const BatchSource& source, const LoaderConfig& config)
      : source_(&source), config_(config), limit_(static_cast<std::size_t>(config.threads)) {}

  ~Loader() {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    work_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  void get(const Place& place, std::int64_t step, Batch& batch) {
    std::unique_lock lock(mutex_);
    start_threads();
    ++asked_;
    const std::shared_ptr<Ahead> mine = take(place, step);
    plan(place, step);
    if (!mine) {
      lock.unlock();
      source_->train_batch(place.member, place.members, step, place.part, place.parts, batch);
      lock.lock();
      learn_size(batch);
      return;
    }
    done_.wait(lock, [&] { return mine->state == State::kReady; });
    if (mine->error) std::rethrow_exception(mine->error);
    std::swap(batch, mine->batch);
    spare_.push_back(std::move(mine->batch));
  }

 private:
  using State = Ahead::State;
  using Line = std::deque<std::shared_ptr<Ahead>>;

  void start_threads() {
    while (threads_.size() < static_cast<std::size_t>(config_.threads)) threads_.emplace_back([this] { work(); });
  }

  /// As many batches as go into the memory for them, and one a thread in any case.
  void learn_size(const Batch& batch) {
    limit_ =
        std::max(static_cast<std::size_t>(config_.threads), static_cast<std::size_t>(kAheadBytes / bytes_of(batch)));
  }

  /// The batch, if a thread has at least begun with it. Earlier ones of this place are not wanted any more.
  std::shared_ptr<Ahead> take(const Place& place, std::int64_t step) {
    Line& line = lines_[place];
    while (!line.empty() && line.front()->step < step) drop_front(line);
    if (line.empty() || line.front()->step != step) return nullptr;
    std::shared_ptr<Ahead> found = line.front();
    if (found->state == State::kQueued) {
      drop_front(line);
      return nullptr;
    }
    line.pop_front();
    --count_;
    return found;
  }

  void drop_front(Line& line) {
    Ahead& front = *line.front();
    if (front.state == State::kReady) spare_.push_back(std::move(front.batch));
    front.state = State::kUnwanted;
    line.pop_front();
    --count_;
  }

  void plan(const Place& place, std::int64_t step) {
    Line& line = lines_[place];
    const std::int64_t end = std::min(step + 1 + config_.ahead, config_.steps);
    for (std::int64_t next = line.empty() ? step + 1 : line.back()->step + 1; next < end; ++next) {
      if (count_ >= limit_) drop_forgotten();
      if (count_ >= limit_) return;
      line.push_back(std::make_shared<Ahead>(Ahead{.place = place, .step = next, .asked = asked_}));
      queue_.push_back(line.back());
      ++count_;
      work_.notify_one();
    }
  }

  /// Batches of members that have not asked while all others could have several times: they rest, or have died.
  void drop_forgotten() {
    const auto patience = static_cast<std::int64_t>(4 * lines_.size());
    for (auto& [place, line] : lines_) {
      while (!line.empty() && line.front()->asked + patience * config_.ahead < asked_) drop_front(line);
    }
  }

  void work() {
    take_no_signals();
    std::unique_lock lock(mutex_);
    while (true) {
      work_.wait(lock, [this] { return closing_ || !queue_.empty(); });
      if (closing_) return;
      const std::shared_ptr<Ahead> next = std::move(queue_.front());
      queue_.pop_front();
      if (next->state == State::kQueued) prepare(*next, lock);
    }
  }

  void prepare(Ahead& next, std::unique_lock<std::mutex>& lock) {
    next.state = State::kRunning;
    Batch batch;
    if (!spare_.empty()) {
      batch = std::move(spare_.back());
      spare_.pop_back();
    }
    lock.unlock();
    std::exception_ptr error;
    try {
      const auto& [member, members, part, parts] = next.place;
      source_->train_batch(member, members, next.step, part, parts, batch);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    if (next.state == State::kUnwanted) {
      spare_.push_back(std::move(batch));
      return;
    }
    next.batch = std::move(batch);
    next.error = error;
    next.state = State::kReady;
    done_.notify_all();
  }

  const BatchSource* source_;
  LoaderConfig config_;
  std::mutex mutex_;
  std::condition_variable work_, done_;
  std::map<Place, Line> lines_;               ///< batches ahead, by step
  std::deque<std::shared_ptr<Ahead>> queue_;  ///< in the order in which they were planned
  std::vector<Batch> spare_;                  ///< memory to use again
  std::size_t count_ = 0;                     ///< of batches in the lines
  std::size_t limit_;                         ///< of it
  std::int64_t asked_ = 0;                    ///< batches
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

PrefetchedBatches::PrefetchedBatches(std::shared_ptr<const BatchSource> source, const LoaderConfig& config)
    : source_(std::move(source)), loader_(std::make_unique<Loader>(*source_, config)) {}

PrefetchedBatches::~PrefetchedBatches() = default;

void PrefetchedBatches::train_batch(int member, int members, std::int64_t step, int part, int parts,
                                    Batch& batch) const {
  loader_->get({.member = member, .members = members, .part = part, .parts = parts}, step, batch);
}

}  // namespace sac
