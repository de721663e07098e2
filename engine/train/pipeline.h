#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/train/endpoint.h"
#include "engine/train/pipeline_plan.h"
#include "engine/train/stage_messages.h"

namespace sac {

/// What a mini-batch's way through a pipeline gives.
struct PipelineStep {
  LossValue loss{};                ///< the mini-batch's mean loss, in every stage
  std::optional<double> bubble{};  ///< first stage: the mean share of the pass in which stages stood still
};

/// One worker's stage of a pipeline at work: takes micro-batches forward and back, activations and gradients going from
/// worker to worker point to point, and leaves the whole mini-batch's mean gradient.
///   gpipe  all ways forward, then all ways back: m activations kept      Huang et al. 2019, arXiv:1811.06965
///   1f1b   at most P - stage micro-batches under way, then in turn       Narayanan et al. 2019 (PipeDream-Flush)
/// Both take their micro-batches in the same order, so that the gradient's bits are the same.
class Pipeline {
 public:
  using Draw = std::function<void(Batch&)>;

  /// @param rank, replicas  of P x K ranks: the endpoint's, and K.  @param batch_size  of a full mini-batch.
  Pipeline(std::shared_ptr<const PipelinePlan> plan, int rank, int replicas, Endpoint& endpoint,
           const at::Tensor& parameters, const at::Tensor& gradients, const at::Tensor& buffers,
           std::int64_t batch_size);

  [[nodiscard]] std::int64_t stage() const { return stage_; }
  [[nodiscard]] std::int64_t micro_batches() const { return plan_->micro_batches; }
  [[nodiscard]] bool last() const { return stage_ + 1 == plan_->stages(); }
  /// Takes a mini-batch of `samples` samples through and overwrites the gradients.
  /// @param draw  gives it, where the stage needs it.  @param ready  as Worker::compute_gradients has it; called during
  /// the last micro-batch's way back.
  PipelineStep run(std::int64_t samples, const Draw& draw, const GradientReady& ready);

 private:
  struct MicroBatch {
    std::int64_t begin = 0;
    std::int64_t count = 0;
  };

  [[nodiscard]] MicroBatch micro_batch(std::int64_t index) const;
  [[nodiscard]] Batch samples_of(const MicroBatch& micro) const;
  [[nodiscard]] double share_of(const MicroBatch& micro, std::int64_t samples) const;
  [[nodiscard]] int slot(std::int64_t index) const { return static_cast<int>(index % slots_); }
  [[nodiscard]] double now() const { return endpoint_->clock().now().value; }
  void expect_messages();
  void compute(double fraction, std::span<const double> milestones, const std::function<void(ComputePace&)>& work);
  void forward(std::int64_t index, const Draw& draw);
  void backward(std::int64_t index, const GradientReady& ready);

  std::shared_ptr<const PipelinePlan> plan_;
  std::int64_t stage_;
  const StagePart* part_;
  Endpoint* endpoint_;
  at::TensorOptions message_options_;
  std::int64_t batch_size_;
  std::int64_t ahead_;  ///< micro-batches taken forward before the first goes back
  std::int64_t slots_;
  std::unique_ptr<StageNetwork> network_;
  StageInbox activations_in_, gradients_in_;
  StageOutbox activations_out_, gradients_out_;
  std::vector<double> milestones_;  ///< of a way back: when each layer's gradient is final, last layer first
  // Of the step under way.
  std::int64_t samples_ = 0;
  Batch batch_{};
  std::vector<LossValue> losses_{};  ///< last stage: of each micro-batch
  LossValue loss_{};
  double busy_ = 0.0;         ///< seconds computed here
  at::Tensor busy_behind_{};  ///< in the stages behind this one, as far as they have told; undefined in the last
};

}  // namespace sac
