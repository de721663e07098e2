#include "engine/nn/drop_factors.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>

#include "engine/core/random.h"
#include "engine/parallel/parallel.h"

namespace sac {
namespace {

/// Numbers that one draw decides about, by 16 bits each.
constexpr std::int64_t kADraw = 4;
constexpr double kSteps = 65536.0;

/// Salts; streams of samples, one a worker, are less than 2^20.
constexpr std::uint32_t kMostSalts = 1 << 12;

}  // namespace

at::Tensor drop_factors(const DropRule& rule, const SamplePlace& place, at::IntArrayRef sizes,
                        const at::TensorOptions& options) {
  const auto threshold = static_cast<std::uint64_t>(std::llround(rule.probability * kSteps));
  const std::uint32_t stream_index = rule.salt + kMostSalts * static_cast<std::uint32_t>(place.stream);
  const at::Tensor mask = at::empty(sizes, at::kByte);
  const std::int64_t samples = mask.size(0);
  const std::int64_t numbers = mask.numel() / samples;
  const std::int64_t draws = (numbers + kADraw - 1) / kADraw;
  auto* kept = mask.mutable_data_ptr<std::uint8_t>();
  in_parallel(samples, kGrain / numbers + 1, [=](std::int64_t begin, std::int64_t end) {
    RandomStream stream(place.seed, stream_index, Purpose::kDropout);
    for (std::int64_t sample = begin; sample < end; ++sample) {
      stream.seek(static_cast<std::uint64_t>(place.first + sample) * static_cast<std::uint64_t>(draws));
      for (std::int64_t i = 0; i < numbers; i += kADraw) {
        std::uint64_t bits = stream.next();
        for (std::int64_t j = i; j < std::min(i + kADraw, numbers); ++j, bits >>= 16) {
          kept[sample * numbers + j] = (bits & 0xffff) >= threshold ? 1 : 0;
        }
      }
    }
  });
  return mask.to(options).div_(1.0 - static_cast<double>(threshold) / kSteps);
}

}  // namespace sac
