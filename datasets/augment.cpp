#include "datasets/augment.h"

#include <ATen/Dispatch.h>
#include <ATen/ops/flip.h>
#include <ATen/ops/full.h>

#include <algorithm>

#include "engine/core/random.h"

namespace sac {
namespace {

/// Numbers a sample takes of its stream at a step, at most.
constexpr std::uint64_t kDraws = 8;
/// Members' streams lie above all samples'.
constexpr std::uint32_t kMembers = 0x80000000U;

/// What happens to one image.
struct Change {
  std::int64_t down = 0, right = 0;  ///< by how far its content moves
  bool flip = false;
  std::int64_t top = 0, bottom = 0, left = 0, end = 0;  ///< the cut-out square, clipped to the image
};

std::int64_t draw_below(RandomStream& stream, std::int64_t bound) {
  return static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(bound)));
}

Change draw_change(const Augmentation& augmentation, std::int64_t height, std::int64_t width, RandomStream stream) {
  Change change;
  if (augmentation.crop_padding > 0) {
    change.down = draw_below(stream, 2 * augmentation.crop_padding + 1) - augmentation.crop_padding;
    change.right = draw_below(stream, 2 * augmentation.crop_padding + 1) - augmentation.crop_padding;
  }
  if (augmentation.flip) change.flip = draw_below(stream, 2) == 1;
  if (augmentation.cutout > 0) {
    const std::int64_t top = draw_below(stream, height) - augmentation.cutout / 2;
    const std::int64_t left = draw_below(stream, width) - augmentation.cutout / 2;
    change.top = std::max<std::int64_t>(top, 0);
    change.bottom = std::min(top + augmentation.cutout, height);
    change.left = std::max<std::int64_t>(left, 0);
    change.end = std::min(left + augmentation.cutout, width);
  }
  return change;
}

/// One channel [H, W] of `from`, changed, to `to`.
template <class T>
void change_plane(const Change& change, const T* from, std::int64_t height, std::int64_t width, T black, T* to) {
  const std::int64_t begin = std::clamp<std::int64_t>(change.right, 0, width);
  const std::int64_t end = std::clamp<std::int64_t>(width + change.right, 0, width);
  for (std::int64_t y = 0; y < height; ++y, to += width) {
    const std::int64_t source = y - change.down;
    std::fill_n(to, width, black);
    if (source >= 0 && source < height && begin < end) {
      std::copy_n(from + source * width + begin - change.right, end - begin, to + begin);
    }
    if (change.flip) std::reverse(to, to + width);
    if (y >= change.top && y < change.bottom) std::fill(to + change.left, to + change.end, T(0));
  }
}

}  // namespace

const std::vector<OptionSpec>& augmentation_options() {
  static const std::vector<OptionSpec> options{
      {.name = "crop_padding",
       .fallback = std::int64_t{0},
       .doc = "training images are cut at random out of themselves with so many black pixels around",
       .min = 0,
       .max = 1024},
      {.name = "flip", .fallback = false, .doc = "training images are mirrored left to right every second time"},
      {.name = "cutout",
       .fallback = std::int64_t{0},
       .doc = "side of a random square of training images set to the mean colour; 0 = none",
       .min = 0,
       .max = 4096},
      {.name = "label_smoothing",
       .fallback = 0.0,
       .doc = "share of a training label dealt out over all classes",
       .min = 0.0,
       .max = 1.0},
      {.name = "mixup",
       .fallback = 0.0,
       .doc = "alpha: training samples are mixed in pairs by shares from Beta(alpha, alpha); 0 = off",
       .min = 0.0,
       .max = 100.0}};
  return options;
}

Augmentation augmentation(const Options& options) {
  return {.crop_padding = options.integer("crop_padding"),
          .flip = options.boolean("flip"),
          .cutout = options.integer("cutout")};
}

LabelMix label_mix(const Options& options) {
  return {.smoothing = options.number("label_smoothing"), .mixup = options.number("mixup")};
}

void augment(const Augmentation& augmentation, const Normalisation& normalisation, std::uint64_t seed,
             std::int64_t step, std::span<const std::int64_t> indices, const at::Tensor& images) {
  const std::int64_t channels = images.size(1);
  const std::int64_t height = images.size(2);
  const std::int64_t width = images.size(3);
  AT_DISPATCH_FLOATING_TYPES(images.scalar_type(), "augment", [&] {
    thread_local std::vector<scalar_t> copy;
    auto* image = images.mutable_data_ptr<scalar_t>();
    for (const std::int64_t index : indices) {
      RandomStream stream(seed, static_cast<std::uint32_t>(index), Purpose::kAugmentation);
      stream.seek(static_cast<std::uint64_t>(step) * kDraws);
      const Change change = draw_change(augmentation, height, width, stream);
      copy.assign(image, image + channels * height * width);
      for (std::int64_t c = 0; c < channels; ++c, image += height * width) {
        const auto i = static_cast<std::size_t>(c);
        const double black = normalisation.mean.empty() ? 0.0 : -normalisation.mean[i] / normalisation.stddev[i];
        change_plane(change, copy.data() + c * height * width, height, width, static_cast<scalar_t>(black), image);
      }
    }
  });
}

at::Tensor class_shares(const at::Tensor& targets, std::int64_t classes, double smoothing, at::ScalarType dtype) {
  at::Tensor shares = at::full({targets.size(0), classes}, smoothing / static_cast<double>(classes), dtype);
  const at::Tensor rest = at::full({targets.size(0), 1}, 1.0 - smoothing, dtype);
  return shares.scatter_add_(1, targets.unsqueeze(1), rest);
}

void mix_up(double alpha, std::uint64_t seed, std::int64_t member, std::int64_t step, at::Tensor& inputs,
            at::Tensor& shares) {
  RandomStream stream(seed, kMembers + static_cast<std::uint32_t>(member), Purpose::kAugmentation);
  stream.seek(static_cast<std::uint64_t>(step) << 16);
  const double first = stream.gamma(alpha);
  const double second = stream.gamma(alpha);
  const double share = first + second > 0.0 ? first / (first + second) : 1.0;
  for (at::Tensor* mixed : {&inputs, &shares}) {
    const at::Tensor others = at::flip(*mixed, {0});
    mixed->mul_(share).add_(others, 1.0 - share);
  }
}

}  // namespace sac
