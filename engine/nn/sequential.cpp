#include "engine/nn/sequential.h"

#include <ATen/ops/empty_like.h>

#include <algorithm>

#include "engine/core/error.h"
#include "engine/core/random.h"
#include "engine/nn/dtype.h"
#include "engine/nn/sequential_network.h"

namespace sac {
namespace {

std::int64_t element_count(const std::vector<std::int64_t>& shape) {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) count *= size;
  return count;
}

/// Appends the tensors of `specs` to `infos`, one after another; returns the elements they take.
Range append(const std::vector<TensorSpec>& specs, const std::string& layer_name, int layer,
             std::vector<TensorInfo>& infos) {
  const std::int64_t begin = infos.empty() ? 0 : infos.back().range.end;
  std::int64_t end = begin;
  for (const TensorSpec& spec : specs) {
    const Range range{end, end + element_count(spec.shape)};
    infos.push_back({.name = layer_name + "." + spec.name, .shape = spec.shape, .range = range, .layer = layer});
    end = range.end;
  }
  return {begin, end};
}

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
    : name_(std::move(name)), input_(input), numerics_(numerics), layers_(layers.take()), workspaces_(layers_.size()) {
  if (input.vocabulary > 0 && !layers_.front()->spec().takes_tokens) {
    throw ConfigError("model '" + name_ +
                      "' takes images or features, but the samples of this data set are sequences " +
                      "of tokens; models for tokens: bert, transformer_lm");
  }
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const LayerSpec& spec = layers_[i]->spec();
    const bool owner = !spec.parameters.empty();
    const bool first = owner && layout_.layers.empty();
    if (owner) {
      const int index = static_cast<int>(layout_.layers.size());
      layout_.layers.push_back({.name = spec.name,
                                .parameters = append(spec.parameters, spec.name, index, layout_.parameters),
                                .buffers = append(spec.buffers, spec.name, index, layout_.buffers)});
    }
    info_of_layer_.push_back(owner ? static_cast<int>(layout_.layers.size()) - 1 : -1);
    if (first) first_owner_ = i;
    if (layout_.layers.empty()) continue;
    LayerInfo& info = layout_.layers.back();
    info.forward_flops += spec.forward_flops;
    info.backward_flops += spec.backward_flops + (first ? 0.0 : spec.input_gradient_flops);
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
  auto parameter = layout_.parameters.begin();
  auto buffer = layout_.buffers.begin();
  for (const auto& layer : layers_) {
    for (const TensorSpec& spec : layer->spec().parameters) fill(parameters, (parameter++)->range, spec.fill, stream);
    for (const TensorSpec& spec : layer->spec().buffers) fill(buffers, (buffer++)->range, spec.fill, stream);
  }
}

std::unique_ptr<Network> Sequential::bind(const at::Tensor& parameters, const at::Tensor& gradients,
                                          const at::Tensor& buffers) const {
  return std::make_unique<SequentialNetwork>(shared_from_this(), parameters, gradients, buffers);
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
