#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "engine/comm/communicator.h"
#include "engine/core/options.h"
#include "engine/nn/layout.h"

namespace sac {

/// Some elements of a flat tensor, as ranges: what one exchange carries. Adjacent ranges are merged.
class Slices {
 public:
  Slices() = default;
  /// @param ranges  ascending and disjoint; empty ones are dropped.
  explicit Slices(const std::vector<Range>& ranges);

  [[nodiscard]] std::int64_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] const std::vector<Range>& ranges() const { return ranges_; }

  /// The elements as one contiguous vector: a view where they lie together, else a copy.
  [[nodiscard]] at::Tensor pack(const at::Tensor& flat) const;
  /// flat's elements become those of `packed`; nothing to do where it is a view of them.
  void unpack(const at::Tensor& packed, const at::Tensor& flat) const;
  /// flat's elements += those of `packed`.
  void add(const at::Tensor& packed, const at::Tensor& flat) const;
  void zero(const at::Tensor& flat) const;

  /// Those of them in `range`, counted from its beginning.
  [[nodiscard]] Slices within(const Range& range) const;
  /// Elements [size * part / parts, size * (part + 1) / parts) of these.
  [[nodiscard]] Slices part(std::int64_t part, std::int64_t parts) const;

 private:
  std::vector<Range> ranges_;
  std::int64_t size_ = 0;
};

/// flat's slices become their reduction over the ranks, in one exchange. Free when there is nothing to send.
void all_reduce(Communicator& comm, const Slices& slices, const at::Tensor& flat, Reduce op);

/// How a model's layers are dealt out to two halves.
enum class LayerSplit { kFront, kBack, kInterleaved, kLargest };

/// By the names "front", "back", "interleaved" and "largest", which are the choices of the option `split`.
LayerSplit layer_split(const std::string& name);
OptionSpec layer_split_option(const std::string& doc);

/// The layers that hold about `fraction` of the elements, as near as whole layers come (ties: more): the first ones,
/// the last ones, evenly spread ones, or the largest ones first. 0 gives none, 1 all.
Slices select_layers(const Layout& layout, double fraction, LayerSplit split);

/// All elements that are not in `slices`.
Slices complement(const Slices& slices, std::int64_t size);

}  // namespace sac
