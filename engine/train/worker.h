#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/batch_schedule.h"
#include "engine/core/random.h"
#include "engine/nn/model.h"
#include "engine/optim/optimizer.h"
#include "engine/optim/schedule.h"
#include "engine/train/batch_source.h"
#include "engine/train/endpoint.h"

namespace sac {

struct Job;
class Pipeline;

/// What a strategy sees of one participant: its replica as flat tensors, its gradient, its optimiser, and its links to
/// the others. It cannot tell a simulated network from a real one. One thread owns it. In a pipeline it is one stage of
/// a replica: rank and world size count replicas, its tensors and its communicator are those of its stage.
class Worker {
 public:
  /// Collective over all workers where there is a pipeline or synchronised statistics.  @param rank  among them all.
  Worker(const Job& job, int rank, Endpoint& endpoint);
  ~Worker();

  [[nodiscard]] int rank() const { return rank_; }
  [[nodiscard]] int world_size() const { return world_size_; }
  /// True for one of the workers that have not died: where all replicas are equal it speaks for all.
  [[nodiscard]] bool speaks_for_all() const { return rank_ == endpoint_->spokesman(); }
  /// Steps finished before this one: 0 in the first call of Strategy::step.
  [[nodiscard]] std::int64_t step() const { return step_; }
  [[nodiscard]] std::int64_t total_steps() const { return total_steps_; }

  [[nodiscard]] at::Device device() const { return parameters_.device(); }    ///< where all of its tensors lie
  [[nodiscard]] const at::Tensor& parameters() const { return parameters_; }  ///< [D], contiguous, updated in place
  [[nodiscard]] const at::Tensor& gradients() const { return gradients_; }    ///< [D], overwritten by compute_gradients
  [[nodiscard]] const at::Tensor& buffers() const { return buffers_; }        ///< [S], running statistics; S may be 0
  [[nodiscard]] const Layout& layout() const { return *layout_; }
  [[nodiscard]] const Layout& model_layout() const { return model_->layout(); }  ///< of all stages
  [[nodiscard]] const Range& part() const { return part_; }  ///< which of the model's elements parameters() are

  /// Draws this step's mini-batch and overwrites gradients() with the gradient of its mean loss at parameters().
  /// @param ready  called during the backward pass as each layer's gradient becomes final, last layer first; a
  ///               non-blocking collective started there travels while the rest is computed.
  /// @return the batch's mean loss; reading it waits for a device.
  LossValue compute_gradients(const GradientReady& ready = {});
  /// The same, unless the server calls the computation off because nobody needs it any more: then gradients() and
  /// last_loss() mean nothing new.  @return false where called off. Real ranks always compute to the end.
  bool try_gradients();
  /// Shares every mini-batch out over `parts` neighbouring ranks: rank r computes part r % parts of the batch of group
  /// r / parts. For Strategy::prepare.  @throws ConfigError  parts does not divide the workers or the batch, or the
  /// batch grows.
  void share_batches(int parts);

  [[nodiscard]] Optimizer& optimizer() { return *optimizer_; }
  [[nodiscard]] double lr() const { return schedule_.at(step_); }  ///< step size of this step
  /// parameters() <- optimiser's update from gradients() with lr().
  void update() { optimizer_->step(lr()); }

  [[nodiscard]] Communicator& comm() { return stage_comm_ ? *stage_comm_ : endpoint_->comm(); }
  [[nodiscard]] ParameterServer& server() { return endpoint_->server(); }
  /// This worker has nothing to do (or something again): until then it waits for nobody, it is idle.
  void rest(bool resting) { endpoint_->rest(resting); }
  [[nodiscard]] const Clock& clock() const { return endpoint_->clock(); }
  [[nodiscard]] RandomStream& random() { return random_; }  ///< keyed (seed, rank, kStrategy)
  [[nodiscard]] std::uint64_t seed() const { return seed_; }
  [[nodiscard]] const LossValue& last_loss() const { return last_loss_; }  ///< of the last compute_gradients

  [[nodiscard]] std::int64_t samples_seen() const;  ///< by this worker, in the steps it has finished

  /// Adds a point to a series of the run ("period", "drift"): averaged over the workers that report it.
  void report(const std::string& series, double value) { reported_.emplace_back(series, value); }

 private:
  friend class WorkerLoop;

  void io(Archive& archive);
  void hold_model(const Job& job);
  void synchronise_statistics();
  void enter_pipeline(const Job& job, int rank);
  void draw(Batch& batch) const;
  [[nodiscard]] std::int64_t stage() const;
  /// It reports what is told once a replica.
  [[nodiscard]] bool speaks_for_replica() const;

  int rank_;
  int world_size_;
  std::int64_t step_ = 0;
  std::int64_t total_steps_;
  std::uint64_t seed_;
  BatchSchedule batches_;
  int parts_ = 1;
  bool computed_ = false;          ///< a gradient, in this step
  std::int64_t idle_samples_ = 0;  ///< of steps without a gradient
  std::shared_ptr<const Model> model_;
  const Layout* layout_;
  Range part_;
  std::shared_ptr<const BatchSource> data_;
  Endpoint* endpoint_;
  at::Tensor parameters_, gradients_, buffers_;
  std::unique_ptr<Communicator> statistics_comm_;  ///< of synchronised batch normalisation; null without
  ComputePace* pace_ = nullptr;                    ///< of the gradient under way
  std::unique_ptr<Communicator> stage_comm_;       ///< the workers of the same stage; null without a pipeline
  std::unique_ptr<Network> network_;               ///< null in a pipeline
  std::unique_ptr<Pipeline> pipeline_;             ///< null without one
  std::unique_ptr<Optimizer> optimizer_;
  LearningRate schedule_;
  RandomStream random_;
  Batch batch_;
  std::vector<double> milestones_;        ///< shares of a gradient's time at which it communicates or ends
  std::vector<double> ready_milestones_;  ///< besides, when each layer's gradient is final
  LossValue last_loss_;
  std::vector<std::pair<std::string, double>> reported_;
};

}  // namespace sac
