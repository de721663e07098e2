#include "engine/nn/pretrained.h"

#include <ATen/ops/empty.h>

#include "engine/nn/safetensors.h"

namespace sac {
namespace {

class Pretrained final : public Model {
 public:
  Pretrained(std::shared_ptr<const Model> model, const std::filesystem::path& weights)
      : model_(std::move(model)),
        parameters_(at::empty({model_->layout().parameter_count()}, model_->dtype())),
        buffers_(at::empty({model_->layout().buffer_count()}, model_->dtype())) {
    load_safetensors(weights, model_->layout(), parameters_, buffers_);
  }

  [[nodiscard]] const Layout& layout() const override { return model_->layout(); }
  [[nodiscard]] at::ScalarType dtype() const override { return model_->dtype(); }
  void initialise(const at::Tensor& parameters, const at::Tensor& buffers, std::uint64_t) const override {
    parameters.copy_(parameters_);
    buffers.copy_(buffers_);
  }
  [[nodiscard]] std::unique_ptr<Network> bind(const at::Tensor& parameters, const at::Tensor& gradients,
                                              const at::Tensor& buffers) const override {
    return model_->bind(parameters, gradients, buffers);
  }
  [[nodiscard]] std::vector<std::shared_ptr<const Stage>> stages(std::int64_t count) const override {
    return model_->stages(count);
  }

 private:
  std::shared_ptr<const Model> model_;
  at::Tensor parameters_;
  at::Tensor buffers_;
};

}  // namespace

const std::vector<OptionSpec>& weights_options() {
  static const std::vector<OptionSpec> options{
      {.name = "weights",
       .fallback = std::string(),
       .doc = "safetensors file that all replicas start from; empty = from random numbers by train.seed"}};
  return options;
}

std::shared_ptr<const Model> pretrained(std::shared_ptr<const Model> model, const std::filesystem::path& weights) {
  return std::make_shared<Pretrained>(std::move(model), weights);
}

}  // namespace sac
