#include <ATen/ops/embedding_dense_backward.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/zeros.h>

#include <limits>

#include "engine/nn/dtype.h"
#include "engine/nn/kernels.h"
#include "engine/nn/layers.h"

namespace sac {
namespace {

class Embedding final : public Layer {
 public:
  Embedding(LayerSpec spec, bool padded) : Layer(std::move(spec)), padded_(padded) {}

  at::Tensor forward(const Pass& pass, const at::Tensor& tokens) const override {
    const SampleShape& out = spec().output;
    const at::Tensor& table = pass.weight(0);
    at::Tensor& output = reserve(pass.space.output, {tokens.size(0), 1, out.width, out.channels}, table.options());
    at::Tensor rows = output.view({-1, out.channels});
    at::index_select_out(rows, table, 0, tokens.view(-1));
    output.add_(pass.weight(1));
    if (!padded_) return output;
    pass.batch.padding = padding_of(tokens, table.options());
    return output.add_(pass.weight(2).select(0, 0));
  }

  at::Tensor backward(const Pass& pass, const at::Tensor& gradient, bool) const override {
    if (pass.aten) {
      gradients_by_aten(pass, gradient);
    } else {
      gradients_by_loops(pass, gradient);
    }
    if (padded_) {  // every token is of type 0, as it has a position
      pass.views.gradients[2].zero_();
      at::Tensor first = pass.views.gradients[2].select(0, 0);
      at::sum_out(first, pass.views.gradients[1], 0);
    }
    return {};
  }

 private:
  void gradients_by_loops(const Pass& pass, const at::Tensor& gradient) const {
    const std::int64_t width = spec().output.channels;
    const auto* token = pass.space.input.const_data_ptr<std::int64_t>();
    pass.views.gradients[0].zero_();
    with_dtype(gradient.scalar_type(), [&]<class T>(T) {
      T* table = pass.views.gradients[0].mutable_data_ptr<T>();
      const T* row = gradient.const_data_ptr<T>();
      for (std::int64_t i = 0; i < pass.space.input.numel(); ++i, row += width) {
        T* __restrict sum = table + token[i] * width;
        for (std::int64_t c = 0; c < width; ++c) sum[c] += row[c];
      }
      const std::int64_t batch = gradient.size(0);
      kernels::sum_rows(gradient.const_data_ptr<T>(), batch, gradient.numel() / batch,
                        pass.views.gradients[1].mutable_data_ptr<T>());
    });
  }

  void gradients_by_aten(const Pass& pass, const at::Tensor& gradient) const {
    const SampleShape& out = spec().output;
    const at::Tensor rows = gradient.view({-1, out.channels});
    const std::int64_t vocabulary = pass.views.parameters[0].size(0);
    const at::Tensor wide = rows.to(pass.views.gradients[0].scalar_type());
    pass.views.gradients[0].copy_(at::embedding_dense_backward(wide, pass.space.input.view(-1), vocabulary,
                                                               /*padding_idx=*/-1, /*scale_grad_by_freq=*/false));
    at::Tensor positions = pass.views.gradients[1];
    at::sum_out(positions, gradient.view({-1, out.width, out.channels}), 0, /*keepdim=*/false, positions.scalar_type());
  }

  bool padded_;
};

LayerSpec describe(std::string name, SampleShape input, std::int64_t width, Fill normal) {
  const auto elements = static_cast<double>(input.width * width);
  return {.name = std::move(name),
          .parameters = {{"tokens", {input.vocabulary, width}, normal}, {"positions", {input.width, width}, normal}},
          .output = {width, 1, input.width},
          .forward_flops = elements,
          .backward_flops = 2.0 * elements,
          .takes_tokens = true};
}

}  // namespace

at::Tensor padding_of(const at::Tensor& tokens, const at::TensorOptions& options) {
  constexpr double kHidden = -std::numeric_limits<double>::infinity();
  const std::int64_t width = tokens.size(1);
  return at::zeros({tokens.size(0), 1, 1, width}, options).masked_fill_(tokens.eq(0).view({-1, 1, 1, width}), kHidden);
}

std::unique_ptr<Layer> embedding(std::string name, SampleShape input, std::int64_t width, double deviation) {
  return std::make_unique<Embedding>(describe(std::move(name), input, width, {.deviation = deviation}), false);
}

std::unique_ptr<Layer> padded_embedding(std::string name, SampleShape input, std::int64_t width, double deviation) {
  LayerSpec spec = describe(std::move(name), input, width, {.deviation = deviation});
  spec.parameters.push_back({"types", {2, width}, {.deviation = deviation}});
  spec.hides_padding = true;
  return std::make_unique<Embedding>(std::move(spec), true);
}

}  // namespace sac
