#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>

#include "engine/core/random.h"
#include "engine/nn/layers.h"
#include "engine/parallel/parallel.h"

namespace sac {
namespace {

/// Numbers that one draw decides about, by 16 bits each.
constexpr std::int64_t kADraw = 4;

/// Layers of a model that drop; streams of samples, one a worker, are less than 2^20.
constexpr std::uint32_t kMostSalts = 1 << 12;

class Dropout final : public Layer {
 public:
  Dropout(LayerSpec spec, double probability, std::uint32_t salt)
      : Layer(std::move(spec)),
        threshold_(static_cast<std::uint64_t>(std::llround(probability * 65536.0))),
        salt_(salt) {}

  at::Tensor forward(const Pass& pass, const at::Tensor& input) const override {
    if (!pass.training) return input;
    const double kept = 1.0 - static_cast<double>(threshold_) / 65536.0;
    pass.space.saved = {kept_of(pass.skip.place, input).to(input.options()).div_(kept)};
    return input.mul(pass.space.saved.front());
  }

  at::Tensor backward(const Pass& pass, const at::Tensor& gradient, bool) const override {
    return gradient.mul(pass.space.saved.front());
  }

 private:
  /// 1 where a number stays, else 0.
  [[nodiscard]] at::Tensor kept_of(const SamplePlace& place, const at::Tensor& input) const {
    const std::int64_t samples = input.size(0);
    const std::int64_t numbers = input.numel() / samples;
    const std::int64_t draws = (numbers + kADraw - 1) / kADraw;
    const at::Tensor mask = at::empty(input.sizes(), at::kByte);
    auto* kept = mask.mutable_data_ptr<std::uint8_t>();
    in_parallel(samples, kGrain / numbers + 1, [=, this](std::int64_t begin, std::int64_t end) {
      RandomStream stream(place.seed, salt_ + kMostSalts * static_cast<std::uint32_t>(place.stream), Purpose::kDropout);
      for (std::int64_t sample = begin; sample < end; ++sample) {
        stream.seek(static_cast<std::uint64_t>(place.first + sample) * static_cast<std::uint64_t>(draws));
        for (std::int64_t i = 0; i < numbers; i += kADraw) {
          std::uint64_t bits = stream.next();
          for (std::int64_t j = i; j < std::min(i + kADraw, numbers); ++j, bits >>= 16) {
            kept[sample * numbers + j] = (bits & 0xffff) >= threshold_ ? 1 : 0;
          }
        }
      }
    });
    return mask;
  }

  std::uint64_t threshold_;  ///< of 65536
  std::uint32_t salt_;
};

}  // namespace

std::unique_ptr<Layer> dropout(SampleShape input, double probability, std::uint32_t salt) {
  const auto flops = static_cast<double>(input.size());
  LayerSpec spec{.output = input, .forward_flops = flops, .backward_flops = flops, .draws = true};
  return std::make_unique<Dropout>(std::move(spec), probability, salt);
}

}  // namespace sac
