#include "engine/nn/sequential.h"

#include <ATen/ops/empty_like.h>

#include <algorithm>
#include <sstream>

#include "engine/core/error.h"
#include "engine/core/random.h"
#include "engine/nn/dtype.h"
#include "engine/nn/sequential_network.h"
#include "engine/nn/sequential_stage.h"

namespace sac {
namespace {

double draw(const Fill& values, RandomStream& stream) {
  if (values.deviation > 0.0) return values.low + values.deviation * stream.normal();
  return values.low == values.high ? values.low : values.low + (values.high - values.low) * stream.uniform();
}

void fill(const at::Tensor& flat, Range range, Fill values, RandomStream& stream) {
  with_dtype(flat.scalar_type(), [&]<class T>(T) {
    T* data = flat.mutable_data_ptr<T>();
    for (std::int64_t i = range.begin; i < range.end; ++i) data[i] = static_cast<T>(draw(values, stream));
  });
}

}  // namespace

LayerList& LayerList::add(std::unique_ptr<Layer> layer) {
  shape_ = layer->spec().output;
  layers_.push_back(std::move(layer));
  return *this;
}

Sequential::Sequential(std::string name, SampleShape input, const Numerics& numerics, LayerList layers)
    : name_(std::move(name)),
      input_(input),
      numerics_(numerics),
      layers_(layers.take()),
      range_(borrowed(layers_), /*leads=*/true),
      workspaces_(layers_.size()) {
  if (input.vocabulary > 0 && !layers_.front()->spec().takes_tokens) {
    throw ConfigError("model '" + name_ +
                      "' takes images or features, but the samples of this data set are sequences " +
                      "of tokens; models for tokens: bert, transformer_lm");
  }
}

void Sequential::initialise(const at::Tensor& parameters, const at::Tensor& buffers, std::uint64_t seed) const {
  if (!parameters.is_cpu()) {
    const at::Tensor host_parameters = at::empty_like(parameters, at::kCPU);
    const at::Tensor host_buffers = at::empty_like(buffers, at::kCPU);
    initialise(host_parameters, host_buffers, seed);
    parameters.copy_(host_parameters);
    buffers.copy_(host_buffers);
    return;
  }
  RandomStream stream(seed, 0, Purpose::kInitialisation);
  auto parameter = layout().parameters.begin();
  auto buffer = layout().buffers.begin();
  for (const auto& layer : layers_) {
    for (const TensorSpec& spec : layer->spec().parameters) fill(parameters, (parameter++)->range, spec.fill, stream);
    for (const TensorSpec& spec : layer->spec().buffers) fill(buffers, (buffer++)->range, spec.fill, stream);
  }
}

std::unique_ptr<Network> Sequential::bind(const at::Tensor& parameters, const at::Tensor& gradients,
                                          const at::Tensor& buffers) const {
  return std::make_unique<SequentialNetwork>(shared_from_this(), parameters, gradients, buffers);
}

/// A target for each sample, or for each token where the last layer still has them apart.
std::vector<std::int64_t> Sequential::target_shape(std::int64_t batch) const {
  const SampleShape& output = layers_.back()->spec().output;
  return output.width > 1 ? std::vector<std::int64_t>{batch, output.width} : std::vector<std::int64_t>{batch};
}

void Sequential::check(const Batch& batch) const {
  const SampleShape& sample = input_;
  const at::Tensor& inputs = batch.inputs;
  const bool image = inputs.dim() == 4 && inputs.size(1) == sample.channels && inputs.size(2) == sample.height &&
                     inputs.size(3) == sample.width;
  const bool row = inputs.dim() == 2 && inputs.size(1) == sample.size() && sample.height * sample.width == 1;
  const bool tokens = sample.vocabulary > 0 && inputs.dim() == 2 && inputs.size(1) == sample.width;
  const at::ScalarType dtype = sample.vocabulary > 0 ? at::kLong : numerics_.dtype;
  const bool targets_fit = batch.targets.scalar_type() == at::kLong && batch.targets.is_contiguous() &&
                           batch.targets.sizes() == at::IntArrayRef(target_shape(inputs.size(0)));
  if ((image || row || tokens) && inputs.size(0) > 0 && inputs.scalar_type() == dtype && targets_fit) return;
  std::ostringstream message;
  message << "a batch of " << inputs.scalar_type() << ' ' << inputs.sizes() << " with " << batch.targets.scalar_type()
          << " targets " << batch.targets.sizes() << " does not fit model '" << name_ << "'; it takes " << dtype;
  if (sample.vocabulary > 0) {
    message << " [B, " << sample.width << ']';
  } else {
    message << " [B, " << sample.channels << ", " << sample.height << ", " << sample.width << ']';
  }
  message << " with Long targets [B" << (target_shape(1).size() > 1 ? ", T], B >= 1" : "], B >= 1");
  throw DataError(message.str());
}

std::vector<std::shared_ptr<const Stage>> Sequential::stages(std::int64_t count) const {
  return cut(shared_from_this(), count);
}

void require_images(const std::string& model, SampleShape sample, std::int64_t least) {
  if (std::min(sample.height, sample.width) >= least) return;
  const std::string side = std::to_string(least);
  throw ConfigError("model '" + model + "' needs images of at least " + side + "x" + side + ", got " +
                    std::to_string(sample.height) + "x" + std::to_string(sample.width));
}

void require_tokens(const std::string& model, SampleShape sample) {
  if (sample.vocabulary > 0) return;
  throw ConfigError(
      "model '" + model + "' needs sequences of tokens (data sets tiny_shakespeare, text, ...), got samples of " +
      std::to_string(sample.channels) + "x" + std::to_string(sample.height) + "x" + std::to_string(sample.width));
}

}  // namespace sac
