#include "engine/nn/sequential_network.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "engine/nn/batch_loss.h"
#include "engine/nn/loss.h"

namespace sac {
namespace {

/// Samples evaluated at once: bounds the workspace of an evaluation to that of a training step.
constexpr std::int64_t kEvalChunk = 64;

/// A row a target.
at::Tensor logits_of(const at::Tensor& output) { return output.view({-1, output.size(-1)}); }

}  // namespace

SequentialNetwork::SequentialNetwork(std::shared_ptr<const Sequential> model, const at::Tensor& parameters,
                                     const at::Tensor& gradients, const at::Tensor& buffers)
    : model_(std::move(model)), passes_(model_->range(), model_->numerics(), parameters, gradients, buffers) {}

LossValue SequentialNetwork::compute_gradients(const Batch& batch, const GradientReady& ready) {
  if (!passes_.trains()) throw std::logic_error("this network was bound without gradients; it can only evaluate");
  model_->check(batch);
  if (passes_.aten()) {  // the memory of a pass goes back to ATen's allocator: it knows which stream still needs it
    Workspace workspace(model_->layers_.size());
    return compute_gradients(workspace, batch, ready);
  }
  const WorkspacePool::Lease workspace(model_->workspaces_);
  return compute_gradients(*workspace, batch, ready);
}

LossValue SequentialNetwork::compute_gradients(Workspace& workspace, const Batch& batch,
                                               const GradientReady& ready) const {
  workspace.batch.place = batch.place;
  const at::Tensor output = passes_.forward(workspace, batch.inputs, true);
  at::Tensor& gradient = workspace.logits_gradient;
  const LossValue loss = batch_loss(logits_of(output), batch, model_->dtype(), passes_.aten(), gradient);
  passes_.backward(workspace, gradient.view(output.sizes()), ready);
  return loss;
}

EvalSums SequentialNetwork::evaluate_by_aten(const Batch& batch) const {
  Workspace workspace(model_->layers_.size());
  const at::Tensor logits = logits_of(passes_.forward(workspace, batch.inputs, false));
  return cross_entropy_sums_by_aten(logits.to(model_->dtype()), batch.targets.view(-1));
}

EvalSums SequentialNetwork::evaluate(const Batch& batch) {
  model_->check(batch);
  if (passes_.aten()) return evaluate_by_aten(batch);
  const WorkspacePool::Lease workspace(model_->workspaces_);
  EvalSums sums;
  for (std::int64_t begin = 0; begin < batch.inputs.size(0); begin += kEvalChunk) {
    const std::int64_t count = std::min(kEvalChunk, batch.inputs.size(0) - begin);
    const at::Tensor logits = logits_of(passes_.forward(*workspace, batch.inputs.narrow(0, begin, count), false));
    const EvalSums part = cross_entropy_sums(logits, batch.targets.narrow(0, begin, count).view(-1));
    sums.loss += part.loss;
    sums.correct += part.correct;
    sums.count += part.count;
  }
  return sums;
}

}  // namespace sac
