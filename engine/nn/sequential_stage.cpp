#include "engine/nn/sequential_stage.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>

#include "engine/core/error.h"
#include "engine/nn/balanced_cuts.h"
#include "engine/nn/batch_loss.h"
#include "engine/nn/kernel_scope.h"
#include "engine/nn/layers.h"

namespace sac {
namespace {

/// Where a stage may begin, the model's first layer among them.
std::vector<std::size_t> places(const LayerRange& all) {
  std::vector<std::size_t> begins{0};
  bool open = false;
  for (std::size_t i = 0; i < all.layers.size(); ++i) {
    const LayerSpec& spec = all.layers[i]->spec();
    const bool begins_something = !spec.parameters.empty() || spec.skip == SkipRole::kOpens;
    if (!open && i > all.stop && begins_something) begins.push_back(i);
    if (spec.skip != SkipRole::kNone) open = spec.skip == SkipRole::kOpens;
  }
  return begins;
}

std::vector<const Layer*> between(const LayerRange& all, std::size_t begin, std::size_t end) {
  return {all.layers.begin() + static_cast<std::ptrdiff_t>(begin),
          all.layers.begin() + static_cast<std::ptrdiff_t>(end)};
}

/// FLOPs from each place to the next.
std::vector<double> costs_between(const LayerRange& all, const std::vector<std::size_t>& begins) {
  std::vector<double> costs;
  for (std::size_t i = 0; i < begins.size(); ++i) {
    const std::size_t end = i + 1 < begins.size() ? begins[i + 1] : all.layers.size();
    const Layout layout = LayerRange(between(all, begins[i], end), i == 0).layout;
    costs.push_back(layout.forward_flops() + layout.backward_flops());
  }
  return costs;
}

}  // namespace

std::vector<std::shared_ptr<const Stage>> cut(const std::shared_ptr<const Sequential>& model, std::int64_t stages) {
  const LayerRange& all = model->range();
  const std::vector<std::size_t> begins = places(all);
  if (stages > static_cast<std::int64_t>(begins.size())) {
    const std::string cuts = begins.size() == 2 ? "1 place" : std::to_string(begins.size() - 1) + " places";
    throw ConfigError("cluster.pipeline = " + std::to_string(stages) + " is too many stages for model '" +
                      model->name() + "': it can be cut in " + cuts + ", so into at most " +
                      std::to_string(begins.size()) + " stages");
  }
  const auto chosen = balanced_cuts(costs_between(all, begins), static_cast<std::size_t>(stages));
  std::vector<std::shared_ptr<const Stage>> result;
  for (std::size_t stage = 0; stage < chosen.size(); ++stage) {
    const std::size_t end = stage + 1 < chosen.size() ? begins[chosen[stage + 1]] : all.layers.size();
    result.push_back(std::make_shared<SequentialStage>(model, begins[chosen[stage]], end));
  }
  return result;
}

SequentialStage::SequentialStage(std::shared_ptr<const Sequential> model, std::size_t begin, std::size_t end)
    : model_(std::move(model)),
      begin_(begin),
      end_(end),
      range_(between(model_->range(), begin, end), begin == 0),
      workspaces_(end - begin) {
  const LayerRange& all = model_->range();
  for (std::size_t i = 0; i < begin; ++i) rows_ = rows_ || all.layers[i]->spec().row;
  if (begin > 0) incoming_ = all.layers[begin - 1]->spec().output;
  std::vector<int> owned;
  std::copy_if(all.info_of_layer.begin() + static_cast<std::ptrdiff_t>(begin),
               all.info_of_layer.begin() + static_cast<std::ptrdiff_t>(end), std::back_inserter(owned),
               [](int info) { return info >= 0; });
  const LayerInfo& front = all.layout.layers[static_cast<std::size_t>(owned.front())];
  const LayerInfo& back = all.layout.layers[static_cast<std::size_t>(owned.back())];
  parameters_ = {front.parameters.begin, back.parameters.end};
  buffers_ = {front.buffers.begin, back.buffers.end};
}

at::ScalarType SequentialStage::message_dtype() const {
  return model_->numerics().bf16 ? at::kBFloat16 : model_->dtype();
}

std::int64_t SequentialStage::outgoing() const { return last() ? 0 : range_.layers.back()->spec().output.size(); }

bool SequentialStage::last() const { return end_ == model_->range().layers.size(); }

bool SequentialStage::padded() const { return model_->range().layers.front()->spec().hides_padding; }

std::vector<std::int64_t> SequentialStage::incoming_sizes(std::int64_t count) const {
  if (rows_) return {count, incoming_.channels};
  return {count, incoming_.height, incoming_.width, incoming_.channels};
}

bool SequentialStage::draws() const {
  return std::any_of(range_.layers.begin(), range_.layers.end(),
                     [](const Layer* layer) { return layer->spec().draws; });
}

class SequentialStageNetwork final : public StageNetwork {
 public:
  SequentialStageNetwork(std::shared_ptr<const SequentialStage> stage, const at::Tensor& parameters,
                         const at::Tensor& gradients, const at::Tensor& buffers, int slots)
      : stage_(std::move(stage)),
        passes_(stage_->range_, stage_->model_->numerics(), parameters, gradients, buffers, /*adds=*/true),
        slots_(static_cast<std::size_t>(slots)) {}

  StageOutput forward(int slot, const Batch& batch, std::int64_t count, double share,
                      const at::Tensor& activation) override {
    if (stage_->takes_batch()) stage_->model_->check(batch);
    auto& lease = slots_[static_cast<std::size_t>(slot)];
    lease.emplace(stage_->workspaces_);
    Workspace& workspace = **lease;
    workspace.batch.place = batch.place;
    if (!stage_->first() && stage_->padded()) {
      const KernelScope scope;
      workspace.batch.padding = padding_of(batch.inputs, activation.options());
    }
    const at::Tensor output = passes_.forward(
        workspace, stage_->first() ? batch.inputs : activation.view(stage_->incoming_sizes(count)), true);
    if (!stage_->last()) return {.activation = output.contiguous().view(-1)};
    StageOutput end{.loss = batch_loss(output.view({-1, output.size(-1)}), batch, stage_->model_->dtype(),
                                       passes_.aten(), workspace.logits_gradient)};
    workspace.logits_gradient.mul_(share);
    end.loss *= share;
    return end;
  }

  void backward(int slot, const at::Tensor& gradient, bool add, const GradientReady& ready,
                const at::Tensor& incoming) override {
    auto& lease = slots_[static_cast<std::size_t>(slot)];
    Workspace& workspace = **lease;
    const at::Tensor& given = stage_->last() ? workspace.logits_gradient : gradient;
    const at::Tensor result =
        passes_.backward(workspace, given.view(workspace.layers.back().output.sizes()), ready, add);
    if (!stage_->first()) incoming.view(result.sizes()).copy_(result);
    if (passes_.aten()) workspace = Workspace(stage_->range_.layers.size());  // its memory goes back to ATen
    lease.reset();
  }

 private:
  std::shared_ptr<const SequentialStage> stage_;
  LayerPasses passes_;
  std::vector<std::optional<WorkspacePool::Lease>> slots_;
};

std::unique_ptr<StageNetwork> SequentialStage::bind(const at::Tensor& parameters, const at::Tensor& gradients,
                                                    const at::Tensor& buffers, int slots) const {
  return std::make_unique<SequentialStageNetwork>(shared_from_this(), parameters, gradients, buffers, slots);
}

}  // namespace sac
