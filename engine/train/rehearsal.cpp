#include "engine/train/rehearsal.h"

#include <utility>
#include <vector>

namespace sac {
namespace {

class IdleNetwork final : public Network {
 public:
  explicit IdleNetwork(std::shared_ptr<const Model> model) : model_(std::move(model)) {}

  LossValue compute_gradients(const Batch& /*batch*/, const GradientReady& ready) override {
    for (auto layer = static_cast<int>(model_->layout().layers.size()) - 1; ready && layer >= 0; --layer) ready(layer);
    return 0.0;
  }
  EvalSums evaluate(const Batch& /*batch*/) override { return {.loss = 0.0, .correct = 0, .count = 1}; }

 private:
  std::shared_ptr<const Model> model_;
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
  explicit IdleOptimizer(std::unique_ptr<Optimizer> inner) : inner_(std::move(inner)) {}
  void step(double /*lr*/) override {}
  [[nodiscard]] std::vector<at::Tensor> state() const override { return inner_->state(); }
  [[nodiscard]] std::int64_t steps_done() const override { return inner_->steps_done(); }
  void set_steps_done(std::int64_t steps) override { inner_->set_steps_done(steps); }

 private:
  std::unique_ptr<Optimizer> inner_;
};

}  // namespace

Job rehearsal(const Job& job) {
  Job idle = job;
  idle.model = std::make_shared<IdleModel>(job.model);
  idle.data = std::make_shared<IdleBatches>(job.data->train_size());
  idle.optimizer = [make = job.optimizer](const at::Tensor& parameters, const at::Tensor& gradients) {
    return std::make_unique<IdleOptimizer>(make(parameters, gradients));
  };
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
