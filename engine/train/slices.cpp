#include "engine/train/slices.h"

#include <ATen/ops/cat.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace sac {
namespace {

at::Tensor view(const at::Tensor& flat, const Range& range) { return flat.narrow(0, range.begin, range.size()); }

/// Calls body(view of flat, view of packed) a range.
template <class Body>
void each(const std::vector<Range>& ranges, const at::Tensor& packed, const at::Tensor& flat, const Body& body) {
  std::int64_t offset = 0;
  for (const Range& range : ranges) {
    body(view(flat, range), packed.narrow(0, offset, range.size()));
    offset += range.size();
  }
}

/// Deals layers in the given order to the chosen half as long as that brings it nearer to the target.
std::vector<std::size_t> nearest_prefix(const Layout& layout, const std::vector<std::size_t>& order, double target) {
  std::vector<std::size_t> chosen;
  double held = 0.0;
  for (const std::size_t layer : order) {
    const auto size = static_cast<double>(layout.layers[layer].parameters.size());
    if (std::abs(held + size - target) > std::abs(held - target)) break;
    chosen.push_back(layer);
    held += size;
  }
  return chosen;
}

/// Each layer goes to the half that keeps the running share nearest to the fraction.
std::vector<std::size_t> evenly_spread(const Layout& layout, double fraction) {
  std::vector<std::size_t> chosen;
  double held = 0.0;
  double seen = 0.0;
  for (std::size_t layer = 0; layer < layout.layers.size(); ++layer) {
    const auto size = static_cast<double>(layout.layers[layer].parameters.size());
    seen += size;
    if (std::abs(held + size - fraction * seen) > std::abs(held - fraction * seen)) continue;
    chosen.push_back(layer);
    held += size;
  }
  return chosen;
}

}  // namespace

Slices::Slices(const std::vector<Range>& ranges) {
  for (const Range& range : ranges) {
    if (range.size() <= 0) continue;
    size_ += range.size();
    if (!ranges_.empty() && ranges_.back().end == range.begin) {
      ranges_.back().end = range.end;
    } else {
      ranges_.push_back(range);
    }
  }
}

at::Tensor Slices::pack(const at::Tensor& flat) const {
  if (ranges_.empty()) return flat.narrow(0, 0, 0);
  if (ranges_.size() == 1) return view(flat, ranges_.front());
  std::vector<at::Tensor> views;
  for (const Range& range : ranges_) views.push_back(view(flat, range));
  return at::cat(views);
}

void Slices::unpack(const at::Tensor& packed, const at::Tensor& flat) const {
  if (ranges_.size() == 1 && packed.const_data_ptr() == view(flat, ranges_.front()).const_data_ptr()) return;
  each(ranges_, packed, flat, [](const at::Tensor& to, const at::Tensor& from) { to.copy_(from); });
}

void Slices::add(const at::Tensor& packed, const at::Tensor& flat) const {
  each(ranges_, packed, flat, [](const at::Tensor& to, const at::Tensor& from) { to.add_(from); });
}

void Slices::zero(const at::Tensor& flat) const {
  for (const Range& range : ranges_) view(flat, range).zero_();
}

Slices Slices::within(const Range& range) const {
  std::vector<Range> cut;
  for (const Range& mine : ranges_) {
    cut.push_back({std::max(mine.begin, range.begin) - range.begin, std::min(mine.end, range.end) - range.begin});
  }
  return Slices(cut);
}

Slices Slices::part(std::int64_t part, std::int64_t parts) const {
  const std::int64_t from = size_ * part / parts;
  const std::int64_t to = size_ * (part + 1) / parts;
  std::vector<Range> cut;
  std::int64_t offset = 0;
  for (const Range& range : ranges_) {
    const std::int64_t begin = std::max(from, offset);
    const std::int64_t end = std::min(to, offset + range.size());
    if (begin < end) cut.push_back({range.begin + begin - offset, range.begin + end - offset});
    offset += range.size();
  }
  return Slices(cut);
}

void all_reduce(Communicator& comm, const Slices& slices, const at::Tensor& flat, Reduce op) {
  if (slices.empty()) return;
  const at::Tensor packed = slices.pack(flat);
  comm.all_reduce(packed, op);
  slices.unpack(packed, flat);
}

LayerSplit layer_split(const std::string& name) {
  if (name == "front") return LayerSplit::kFront;
  if (name == "back") return LayerSplit::kBack;
  return name == "interleaved" ? LayerSplit::kInterleaved : LayerSplit::kLargest;
}

OptionSpec layer_split_option(const std::string& doc) {
  return {.name = "split",
          .fallback = std::string("front"),
          .doc = doc,
          .choices = {"front", "back", "interleaved", "largest"}};
}

Slices select_layers(const Layout& layout, double fraction, LayerSplit split) {
  std::vector<std::size_t> order(layout.layers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (split == LayerSplit::kBack) std::reverse(order.begin(), order.end());
  if (split == LayerSplit::kLargest) {
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return layout.layers[a].parameters.size() > layout.layers[b].parameters.size();
    });
  }
  const double target = fraction * static_cast<double>(layout.parameter_count());
  std::vector<std::size_t> chosen =
      split == LayerSplit::kInterleaved ? evenly_spread(layout, fraction) : nearest_prefix(layout, order, target);
  if (fraction <= 0.0) chosen.clear();
  std::sort(chosen.begin(), chosen.end());
  std::vector<Range> ranges;
  for (const std::size_t layer : chosen) ranges.push_back(layout.layers[layer].parameters);
  return Slices(ranges);
}

Slices complement(const Slices& slices, std::int64_t size) {
  std::vector<Range> gaps;
  std::int64_t begin = 0;
  for (const Range& range : slices.ranges()) {
    gaps.push_back({begin, range.begin});
    begin = range.end;
  }
  gaps.push_back({begin, size});
  return Slices(gaps);
}

}  // namespace sac
