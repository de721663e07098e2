#pragma once
#include <memory>
#include <vector>

#include "engine/nn/layer_passes.h"
#include "engine/nn/sequential.h"
#include "engine/nn/stage.h"

namespace sac {

/// Cuts a model into stages of about equal FLOPs, forward and backward. A cut may lie before any layer with parameters
/// and before any residual block, never inside one.
/// @throws ConfigError  the model has fewer such places than the stages need, naming how many.
std::vector<std::shared_ptr<const Stage>> cut(const std::shared_ptr<const Sequential>& model, std::int64_t stages);

/// Layers [begin, end) of a Sequential.
class SequentialStage final : public Stage, public std::enable_shared_from_this<SequentialStage> {
 public:
  SequentialStage(std::shared_ptr<const Sequential> model, std::size_t begin, std::size_t end);

  [[nodiscard]] const Layout& layout() const override { return range_.layout; }
  [[nodiscard]] Range parameters() const override { return parameters_; }
  [[nodiscard]] Range buffers() const override { return buffers_; }
  [[nodiscard]] at::ScalarType message_dtype() const override;
  [[nodiscard]] std::int64_t incoming() const override { return first() ? 0 : incoming_.size(); }
  [[nodiscard]] std::int64_t outgoing() const override;
  [[nodiscard]] bool takes_batch() const override { return first() || last() || padded() || draws(); }
  [[nodiscard]] std::unique_ptr<StageNetwork> bind(const at::Tensor& parameters, const at::Tensor& gradients,
                                                   const at::Tensor& buffers, int slots) const override;

 private:
  friend class SequentialStageNetwork;

  [[nodiscard]] bool first() const { return begin_ == 0; }
  [[nodiscard]] bool last() const;
  /// Sequences have padding, which attention must know of in every stage.
  [[nodiscard]] bool padded() const;
  [[nodiscard]] bool draws() const;  ///< by the samples' places
  /// `count` samples of what comes in.
  [[nodiscard]] std::vector<std::int64_t> incoming_sizes(std::int64_t count) const;

  std::shared_ptr<const Sequential> model_;
  std::size_t begin_;
  std::size_t end_;
  LayerRange range_;
  Range parameters_, buffers_;
  SampleShape incoming_{};
  bool rows_ = false;  ///< what comes in is [B, F]
  mutable WorkspacePool workspaces_;
};

}  // namespace sac
