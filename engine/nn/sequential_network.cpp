#include "engine/nn/sequential_network.h"

#include <ATen/Parallel.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/ops/empty_like.h>

#include <algorithm>
#include <sstream>

#include "engine/core/error.h"
#include "engine/nn/loss.h"

namespace sac {
namespace {

/// Samples evaluated at once: bounds the workspace of an evaluation to that of a training step.
constexpr std::int64_t kEvalChunk = 64;

/// No autograd dispatch for this thread in this scope; LibTorch's thread count (set once by the program) taken over
/// by this thread before the first kernel that asks OpenMP instead of LibTorch.
struct KernelScope {
  KernelScope() { at::internal::lazy_init_num_threads(); }
  at::AutoDispatchBelowADInplaceOrView below_autograd;
};

std::vector<at::Tensor> views(const at::Tensor& flat, const std::vector<TensorInfo>& infos, int layer) {
  std::vector<at::Tensor> result;
  for (const TensorInfo& info : infos) {
    if (info.layer == layer) result.push_back(flat.narrow(0, info.range.begin, info.range.size()).view(info.shape));
  }
  return result;
}

void check_flat(const char* what, const at::Tensor& flat, std::int64_t size, at::ScalarType dtype) {
  if (flat.dim() == 1 && flat.size(0) == size && flat.scalar_type() == dtype && flat.is_contiguous()) return;
  std::ostringstream message;
  message << "flat " << what << " must be contiguous " << dtype << " [" << size << "], got " << flat.scalar_type()
          << ' ' << flat.sizes();
  throw std::logic_error(message.str());
}

double loss_of(const at::Tensor& logits, const Batch& batch, const at::Tensor& gradient) {
  if (!batch.shares.defined()) return cross_entropy(logits, batch.targets.view(-1), gradient);
  const KernelScope scope;
  return soft_cross_entropy(logits, batch.shares, gradient).item<double>();
}

}  // namespace

SequentialNetwork::SequentialNetwork(std::shared_ptr<const Sequential> model, const at::Tensor& parameters,
                                     const at::Tensor& gradients, const at::Tensor& buffers)
    : model_(std::move(model)),
      views_(model_->layers_.size()),
      parameters_(parameters),
      trains_(gradients.defined()),
      aten_(!parameters.is_cpu() || model_->numerics_.aten || model_->numerics_.bf16) {
  const Layout& layout = model_->layout();
  check_flat("parameters", parameters, layout.parameter_count(), model_->dtype());
  if (trains_) check_flat("gradients", gradients, layout.parameter_count(), model_->dtype());
  if (layout.buffer_count() > 0) check_flat("buffers", buffers, layout.buffer_count(), model_->dtype());
  if (model_->numerics_.bf16) low_ = at::empty_like(parameters, at::kBFloat16);
  for (std::size_t i = 0; i < views_.size(); ++i) {
    const int layer = model_->info_of_layer_[i];
    if (layer < 0) continue;
    views_[i].parameters = views(parameters, layout.parameters, layer);
    views_[i].buffers = views(buffers, layout.buffers, layer);
    if (low_.defined()) views_[i].low = views(low_, layout.parameters, layer);
    if (trains_) views_[i].gradients = views(gradients, layout.parameters, layer);
  }
}

/// A target for each sample, or for each token where the last layer still has them apart.
std::vector<std::int64_t> SequentialNetwork::target_shape(std::int64_t batch) const {
  const SampleShape& output = model_->layers_.back()->spec().output;
  return output.width > 1 ? std::vector<std::int64_t>{batch, output.width} : std::vector<std::int64_t>{batch};
}

void SequentialNetwork::check(const Batch& batch) const {
  const SampleShape& sample = model_->input_;
  const at::Tensor& inputs = batch.inputs;
  const bool image = inputs.dim() == 4 && inputs.size(1) == sample.channels && inputs.size(2) == sample.height &&
                     inputs.size(3) == sample.width;
  const bool row = inputs.dim() == 2 && inputs.size(1) == sample.size() && sample.height * sample.width == 1;
  const bool tokens = sample.vocabulary > 0 && inputs.dim() == 2 && inputs.size(1) == sample.width;
  const at::ScalarType dtype = sample.vocabulary > 0 ? at::kLong : model_->dtype();
  const bool targets_fit = batch.targets.scalar_type() == at::kLong && batch.targets.is_contiguous() &&
                           batch.targets.sizes() == at::IntArrayRef(target_shape(inputs.size(0)));
  if ((image || row || tokens) && inputs.size(0) > 0 && inputs.scalar_type() == dtype && targets_fit) return;
  std::ostringstream message;
  message << "a batch of " << inputs.scalar_type() << ' ' << inputs.sizes() << " with " << batch.targets.scalar_type()
          << " targets " << batch.targets.sizes() << " does not fit model '" << model_->name_ << "'; it takes "
          << dtype;
  if (sample.vocabulary > 0) {
    message << " [B, " << sample.width << ']';
  } else {
    message << " [B, " << sample.channels << ", " << sample.height << ", " << sample.width << ']';
  }
  message << " with Long targets [B" << (target_shape(1).size() > 1 ? ", T], B >= 1" : "], B >= 1");
  throw DataError(message.str());
}

at::Tensor SequentialNetwork::forward(Workspace& workspace, const at::Tensor& inputs, bool training) const {
  const KernelScope scope;
  at::Tensor activation = inputs.contiguous();
  if (low_.defined()) {
    low_.copy_(parameters_);
    if (activation.is_floating_point()) activation = activation.to(at::kBFloat16);
  }
  for (std::size_t i = 0; i < views_.size(); ++i) {
    LayerSpace& space = workspace.layers[i];
    space.input = activation;
    activation = model_->layers_[i]->forward({views_[i], space, workspace.skip, training, aten_}, activation);
    space.output = activation;
  }
  return activation.view({-1, activation.size(-1)});
}

void SequentialNetwork::backward(Workspace& workspace, const GradientReady& ready) const {
  at::Tensor gradient = workspace.logits_gradient.view(workspace.layers.back().output.sizes());
  for (std::size_t i = views_.size(); i-- > model_->first_owner_;) {
    {
      const KernelScope scope;
      const Pass pass{views_[i], workspace.layers[i], workspace.skip, true, aten_};
      gradient = model_->layers_[i]->backward(pass, gradient, i > model_->first_owner_);
    }
    const int layer = model_->info_of_layer_[i];
    if (layer >= 0 && ready) ready(layer);
  }
}

LossValue SequentialNetwork::compute_gradients(const Batch& batch, const GradientReady& ready) {
  if (!trains_) throw std::logic_error("this network was bound without gradients; it can only evaluate");
  check(batch);
  if (aten_) return compute_by_aten(batch, ready);
  const WorkspacePool::Lease workspace(model_->workspaces_);
  const at::Tensor logits = forward(*workspace, batch.inputs, true);
  reserve(workspace->logits_gradient, logits.sizes(), logits.options());
  const double loss = loss_of(logits, batch, workspace->logits_gradient);
  backward(*workspace, ready);
  return loss;
}

/// The memory of a pass comes from ATen's allocator and goes back to it: it knows which stream still needs it.
LossValue SequentialNetwork::compute_by_aten(const Batch& batch, const GradientReady& ready) const {
  Workspace workspace(views_.size());
  const at::Tensor logits = forward(workspace, batch.inputs, true);
  at::Tensor loss;
  {
    const KernelScope scope;
    const at::Tensor wide = logits.to(model_->dtype());
    const at::Tensor gradient = at::empty_like(wide);
    loss = batch.shares.defined() ? soft_cross_entropy(wide, batch.shares, gradient)
                                  : cross_entropy_by_aten(wide, batch.targets.view(-1), gradient);
    workspace.logits_gradient = gradient.to(logits.scalar_type());
  }
  backward(workspace, ready);
  return LossValue(loss);
}

EvalSums SequentialNetwork::evaluate_by_aten(const Batch& batch) const {
  Workspace workspace(views_.size());
  const at::Tensor logits = forward(workspace, batch.inputs, false);
  return cross_entropy_sums_by_aten(logits.to(model_->dtype()), batch.targets.view(-1));
}

EvalSums SequentialNetwork::evaluate(const Batch& batch) {
  check(batch);
  if (aten_) return evaluate_by_aten(batch);
  const WorkspacePool::Lease workspace(model_->workspaces_);
  EvalSums sums;
  for (std::int64_t begin = 0; begin < batch.inputs.size(0); begin += kEvalChunk) {
    const std::int64_t count = std::min(kEvalChunk, batch.inputs.size(0) - begin);
    const at::Tensor logits = forward(*workspace, batch.inputs.narrow(0, begin, count), false);
    const EvalSums part = cross_entropy_sums(logits, batch.targets.narrow(0, begin, count).view(-1));
    sums.loss += part.loss;
    sums.correct += part.correct;
    sums.count += part.count;
  }
  return sums;
}

}  // namespace sac
