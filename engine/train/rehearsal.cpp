#include "engine/train/rehearsal.h"

#include <ATen/ops/empty.h>

#include <utility>
#include <vector>

namespace sac {
namespace {

class IdleNetwork final : public Network {
 public:
  explicit IdleNetwork(std::shared_ptr<const Model> model) : model_(std::move(model)) {}

  LossValue compute_gradients(const Batch& /*batch*/, const GradientReady& ready) override {
    const std::vector<LayerInfo>& layers = model_->layout().layers;
    for (const LayerInfo& layer : layers) sum(layer.forward_sums());
    for (std::size_t layer = layers.size(); layer-- > 0;) {
      sum(layers[layer].backward_sums());
      if (ready) ready(static_cast<int>(layer));
    }
    return 0.0;
  }
  void synchronise(SumOverWorkers sum) override { sum_ = std::move(sum); }
  EvalSums evaluate(const Batch& /*batch*/) override { return {.loss = 0.0, .correct = 0, .count = 1}; }

 private:
  void sum(std::int64_t elements) const {
    if (sum_ && elements > 0) sum_(at::empty({elements}, at::kDouble));
  }

  std::shared_ptr<const Model> model_;
  SumOverWorkers sum_{};
};

/// A model's layout, and nothing behind it.
class IdleModel final : public Model {
 public:
  explicit IdleModel(std::shared_ptr<const Model> model) : model_(std::move(model)) {}

  [[nodiscard]] const Layout& layout() const override { return model_->layout(); }
  [[nodiscard]] at::ScalarType dtype() const override { return model_->dtype(); }
  void initialise(const at::Tensor& parameters, const at::Tensor& buffers, std::uint64_t /*seed*/) const override {
    parameters.zero_();
    buffers.zero_();
  }
  [[nodiscard]] std::unique_ptr<Network> bind(const at::Tensor& /*parameters*/, const at::Tensor& /*gradients*/,
                                              const at::Tensor& /*buffers*/) const override {
    return std::make_unique<IdleNetwork>(model_);
  }

 private:
  std::shared_ptr<const Model> model_;
};

class IdleBatches final : public BatchSource {
 public:
  explicit IdleBatches(std::int64_t train_size) : train_size_(train_size) {}
  [[nodiscard]] std::int64_t train_size() const override { return train_size_; }
  [[nodiscard]] std::int64_t eval_size() const override { return 1; }
  void train_batch(int /*member*/, int /*members*/, std::int64_t /*step*/, int /*part*/, int /*parts*/,
                   Batch& /*batch*/) const override {}
  void eval_batch(std::int64_t /*begin*/, std::int64_t /*end*/, Batch& /*batch*/) const override {}

 private:
  std::int64_t train_size_;
};

/// An optimiser's state, which strategies may send, without its updates.
class IdleOptimizer final : public Optimizer {
 public:
  IdleOptimizer(std::unique_ptr<Optimizer> inner, const at::Tensor& parameters)
      : inner_(std::move(inner)), number_(at::empty({1}, parameters.options())) {}
  void step(double /*lr*/) override {
    if (sum_) sum_(number_);
  }
  [[nodiscard]] bool sums_over_parts() const override { return inner_->sums_over_parts(); }
  void sum_over_parts_by(SumOverParts sum) override { sum_ = std::move(sum); }
  [[nodiscard]] std::vector<at::Tensor> state() const override { return inner_->state(); }
  [[nodiscard]] std::int64_t steps_done() const override { return inner_->steps_done(); }
  void set_steps_done(std::int64_t steps) override { inner_->set_steps_done(steps); }

 private:
  std::unique_ptr<Optimizer> inner_;
  SumOverParts sum_{};
  at::Tensor number_;  ///< what it sums
};

class IdleStageNetwork final : public StageNetwork {
 public:
  IdleStageNetwork(std::shared_ptr<const Stage> stage, const at::TensorOptions& options)
      : stage_(std::move(stage)), options_(options) {}

  StageOutput forward(int /*slot*/, const Batch& /*batch*/, std::int64_t count, double /*share*/,
                      const at::Tensor& /*activation*/) override {
    if (stage_->outgoing() == 0) return {};
    return {.activation = at::empty({count * stage_->outgoing()}, options_)};
  }
  void backward(int /*slot*/, const at::Tensor& /*gradient*/, bool /*add*/, const GradientReady& ready,
                const at::Tensor& /*incoming*/) override {
    for (auto layer = static_cast<int>(stage_->layout().layers.size()) - 1; ready && layer >= 0; --layer) ready(layer);
  }

 private:
  std::shared_ptr<const Stage> stage_;
  at::TensorOptions options_;
};

/// A stage's layout and messages.
class IdleStage final : public Stage {
 public:
  explicit IdleStage(std::shared_ptr<const Stage> stage) : stage_(std::move(stage)) {}

  [[nodiscard]] const Layout& layout() const override { return stage_->layout(); }
  [[nodiscard]] Range parameters() const override { return stage_->parameters(); }
  [[nodiscard]] Range buffers() const override { return stage_->buffers(); }
  [[nodiscard]] at::ScalarType message_dtype() const override { return stage_->message_dtype(); }
  [[nodiscard]] std::int64_t incoming() const override { return stage_->incoming(); }
  [[nodiscard]] std::int64_t outgoing() const override { return stage_->outgoing(); }
  [[nodiscard]] bool takes_batch() const override { return false; }
  [[nodiscard]] std::unique_ptr<StageNetwork> bind(const at::Tensor& parameters, const at::Tensor& /*gradients*/,
                                                   const at::Tensor& /*buffers*/, int /*slots*/) const override {
    return std::make_unique<IdleStageNetwork>(stage_, parameters.options().dtype(message_dtype()));
  }

 private:
  std::shared_ptr<const Stage> stage_;
};

OptimizerFactory idle_optimizer(const OptimizerFactory& make) {
  return [make](const at::Tensor& parameters, const at::Tensor& gradients) {
    return std::make_unique<IdleOptimizer>(make(parameters, gradients), parameters);
  };
}

std::shared_ptr<const PipelinePlan> idle_plan(const PipelinePlan& plan) {
  auto idle = std::make_shared<PipelinePlan>(plan);
  for (StagePart& part : idle->parts) {
    part.stage = std::make_shared<IdleStage>(part.stage);
    part.optimizer = idle_optimizer(part.optimizer);
  }
  return idle;
}

}  // namespace

Job rehearsal(const Job& job) {
  Job idle = job;
  idle.model = std::make_shared<IdleModel>(job.model);
  idle.data = std::make_shared<IdleBatches>(job.data->train_size());
  idle.optimizer = idle_optimizer(job.optimizer);
  if (job.pipeline) idle.pipeline = idle_plan(*job.pipeline);
  idle.device = at::kCPU;
  idle.train.eval_every = 0;
  idle.train.checkpoint_every = 0;
  idle.train.ema_decay = 0.0;
  idle.checkpoint_path.clear();
  idle.evaluated = {};
  idle.resume.reset();
  return idle;
}

bool can_rehearse(const Job& job) { return job.strategy()->traits().oblivious; }

}  // namespace sac
