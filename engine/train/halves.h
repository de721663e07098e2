#pragma once
#include <utility>
#include <vector>

#include "engine/core/options.h"
#include "engine/nn/layout.h"
#include "engine/train/archive.h"
#include "engine/train/slices.h"

namespace sac {

/// The two halves of a model that are treated apart: u, about a share f of the elements in whole layers, and v, the
/// rest. They may change roles.
class Halves {
 public:
  /// fraction, split.
  static std::vector<OptionSpec> options() {
    return {{.name = "fraction", .fallback = 0.5, .doc = "share of the elements synchronised, f", .min = 0, .max = 1},
            layer_split_option("layers of the synchronised half")};
  }

  explicit Halves(const Options& options)
      : fraction_(options.number("fraction")), split_(layer_split(options.text("split"))) {}

  void prepare(const Layout& layout) { prepare(layout, {0, layout.parameter_count()}); }
  /// @param part  the elements of the model that are here: those of one stage of a pipeline, which thus splits as the
  /// whole model does.
  void prepare(const Layout& layout, const Range& part) {
    synchronised_ = select_layers(layout, fraction_, split_).within(part);
    free_ = complement(synchronised_, part.size());
  }
  [[nodiscard]] const Slices& synchronised() const { return synchronised_; }  ///< u
  [[nodiscard]] const Slices& free() const { return free_; }                  ///< v
  void swap() {
    std::swap(synchronised_, free_);
    swapped_ = !swapped_;
  }
  /// After prepare.
  void io(Archive& archive) {
    bool swapped = swapped_;
    archive.io(swapped);
    if (swapped != swapped_) swap();
  }

 private:
  double fraction_;
  LayerSplit split_;
  Slices synchronised_, free_;
  bool swapped_ = false;
};

}  // namespace sac
