#include "tests/nn/replica.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full_like.h>
#include <gtest/gtest.h>

#include "engine/core/random.h"

namespace sac::test {
namespace {

/// As the program does: one thread a kernel.
struct OneThread : testing::Environment {
  void SetUp() override { at::set_num_threads(1); }
};
[[maybe_unused]] const auto* const one_thread = testing::AddGlobalTestEnvironment(new OneThread);

at::Tensor random_ids(at::IntArrayRef sizes, std::int64_t bound, RandomStream& stream) {
  at::Tensor ids = at::empty(sizes, at::kLong);
  auto* id = ids.mutable_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < ids.numel(); ++i) {
    id[i] = static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(bound)));
  }
  return ids;
}

}  // namespace

SampleShape fitting_sample(const std::string& name) {
  if (name == "transformer_lm") return {1, 1, 6, 10};
  if (name == "bert") return {1, 1, 6, 20};
  if (name == "vgg") return {3, 32, 32};
  if (name.find("resnet") != std::string::npos) return {3, 8, 8};
  return {1, 28, 28};
}

std::shared_ptr<const Model> make_model(const std::string& name, SampleShape sample, const Numerics& numerics,
                                        const ValueMap& options, std::int64_t classes) {
  const ModelEntry& entry = Registry<ModelEntry>::instance().at(name);
  return entry.make(Options(entry.options, options, "model '" + name + "'", "model."), sample, classes, numerics);
}

Replica::Replica(std::shared_ptr<const Model> made, std::uint64_t seed)
    : model(std::move(made)),
      parameters(at::empty(model->layout().parameter_count(), model->dtype())),
      gradients(at::full_like(parameters, std::numeric_limits<double>::quiet_NaN())),
      buffers(at::empty(model->layout().buffer_count(), model->dtype())),
      network(model->bind(parameters, gradients, buffers)) {
  model->initialise(parameters, buffers, seed);
}

std::vector<at::Tensor> Replica::leaves() const {
  std::vector<at::Tensor> result;
  for (const TensorInfo& info : model->layout().parameters) {
    const at::Tensor slice = parameters.narrow(0, info.range.begin, info.range.size());
    result.push_back(slice.reshape(info.shape).clone().set_requires_grad(true));
  }
  return result;
}

Batch random_batch(std::int64_t size, SampleShape sample, at::ScalarType dtype, std::uint64_t seed,
                   std::int64_t classes) {
  RandomStream stream(seed, 0, Purpose::kSynthetic);
  if (sample.vocabulary > 0) {
    const at::Tensor tokens = random_ids({size, sample.width}, sample.vocabulary, stream);
    if (classes == sample.vocabulary) return {tokens, random_ids({size, sample.width}, classes, stream)};
    return {tokens, random_ids({size}, classes, stream)};
  }
  at::Tensor inputs = at::empty({size, sample.channels, sample.height, sample.width}, at::kDouble);
  double* input = inputs.mutable_data_ptr<double>();
  for (std::int64_t i = 0; i < inputs.numel(); ++i) input[i] = 2.0 * stream.uniform() - 1.0;
  return {inputs.to(dtype), random_ids({size}, classes, stream)};
}

double relative_error(const at::Tensor& a, const at::Tensor& b) {
  if (b.numel() == 0) return 0.0;
  const double scale = b.abs().max().item<double>();
  return (a.to(b.scalar_type()) - b).abs().max().item<double>() / std::max(scale, 1e-300);
}

}  // namespace sac::test
