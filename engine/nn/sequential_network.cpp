#include "engine/nn/sequential_network.h"

#include <ATen/Parallel.h>
#include <ATen/core/LegacyTypeDispatch.h>

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

}  // namespace

SequentialNetwork::SequentialNetwork(std::shared_ptr<const Sequential> model, const at::Tensor& parameters,
                                     const at::Tensor& gradients, const at::Tensor& buffers)
    : model_(std::move(model)), views_(model_->layers_.size()), trains_(gradients.defined()) {
  const Layout& layout = model_->layout();
  check_flat("parameters", parameters, layout.parameter_count(), model_->dtype());
  if (trains_) check_flat("gradients", gradients, layout.parameter_count(), model_->dtype());
  if (layout.buffer_count() > 0) check_flat("buffers", buffers, layout.buffer_count(), model_->dtype());
  for (std::size_t i = 0; i < views_.size(); ++i) {
    const int layer = model_->info_of_layer_[i];
    if (layer < 0) continue;
    views_[i].parameters = views(parameters, layout.parameters, layer);
    views_[i].buffers = views(buffers, layout.buffers, layer);
    if (trains_) views_[i].gradients = views(gradients, layout.parameters, layer);
  }
}

void SequentialNetwork::check(const Batch& batch) const {
  const SampleShape& sample = model_->input_;
  const at::Tensor& inputs = batch.inputs;
  const bool image = inputs.dim() == 4 && inputs.size(1) == sample.channels && inputs.size(2) == sample.height &&
                     inputs.size(3) == sample.width;
  const bool row = inputs.dim() == 2 && inputs.size(1) == sample.size() && sample.height * sample.width == 1;
  const bool targets_fit = batch.targets.dim() == 1 && batch.targets.scalar_type() == at::kLong &&
                           batch.targets.size(0) == inputs.size(0) && batch.targets.is_contiguous();
  if ((image || row) && inputs.size(0) > 0 && inputs.scalar_type() == model_->dtype() && targets_fit) return;
  std::ostringstream message;
  message << "a batch of " << inputs.scalar_type() << ' ' << inputs.sizes() << " with " << batch.targets.scalar_type()
          << " targets " << batch.targets.sizes() << " does not fit model '" << model_->name_ << "'; it takes "
          << model_->dtype() << " [B, " << sample.channels << ", " << sample.height << ", " << sample.width
          << "] with Long targets [B], B >= 1";
  throw DataError(message.str());
}

at::Tensor SequentialNetwork::forward(Workspace& workspace, const at::Tensor& inputs, bool training) const {
  const KernelScope scope;
  at::Tensor activation = inputs;
  for (std::size_t i = 0; i < views_.size(); ++i) {
    LayerSpace& space = workspace.layers[i];
    space.input = activation;
    activation = model_->layers_[i]->forward({views_[i], space, workspace.skip, training}, activation);
    space.output = activation;
  }
  return activation;
}

void SequentialNetwork::backward(Workspace& workspace, const GradientReady& ready) const {
  at::Tensor gradient = workspace.logits_gradient;
  for (std::size_t i = views_.size(); i-- > model_->first_owner_;) {
    {
      const KernelScope scope;
      const Pass pass{views_[i], workspace.layers[i], workspace.skip, true};
      gradient = model_->layers_[i]->backward(pass, gradient, i > model_->first_owner_);
    }
    const int layer = model_->info_of_layer_[i];
    if (layer >= 0 && ready) ready(layer);
  }
}

double SequentialNetwork::compute_gradients(const Batch& batch, const GradientReady& ready) {
  if (!trains_) throw std::logic_error("this network was bound without gradients; it can only evaluate");
  check(batch);
  const WorkspacePool::Lease workspace(model_->workspaces_);
  const at::Tensor logits = forward(*workspace, batch.inputs.contiguous(), true);
  reserve(workspace->logits_gradient, logits.sizes(), logits.scalar_type());
  const double loss = cross_entropy(logits, batch.targets, workspace->logits_gradient);
  backward(*workspace, ready);
  return loss;
}

EvalSums SequentialNetwork::evaluate(const Batch& batch) {
  check(batch);
  const WorkspacePool::Lease workspace(model_->workspaces_);
  EvalSums sums;
  for (std::int64_t begin = 0; begin < batch.inputs.size(0); begin += kEvalChunk) {
    const std::int64_t count = std::min(kEvalChunk, batch.inputs.size(0) - begin);
    const at::Tensor logits = forward(*workspace, batch.inputs.narrow(0, begin, count).contiguous(), false);
    const EvalSums part = cross_entropy_sums(logits, batch.targets.narrow(0, begin, count));
    sums.loss += part.loss;
    sums.correct += part.correct;
    sums.count += part.count;
  }
  return sums;
}

}  // namespace sac
