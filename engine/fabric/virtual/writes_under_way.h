#pragma once
#include <ATen/core/Tensor.h>

#include <vector>

#include "engine/train/archive.h"

namespace sac {

/// Updates that several threads write into one model at once without a lock, each element by element in order, as
/// Hogwild does (Niu et al. 2011, arXiv:1106.5730; element-wise additions are atomic). The model holds what they will
/// have written; what a reader must not see yet is taken out of its copy.
class WritesUnderWay {
 public:
  /// From second `begin` to `end` what is `before` [n] now becomes `after` [n].
  void add(double begin, double end, const at::Tensor& before, const at::Tensor& after) {
    if (end > begin) writes_.push_back({begin, end, after.sub(before)});
  }

  /// copy [n], of the model at second `now`, loses what is not written yet.
  void hide(double now, const at::Tensor& copy) {
    std::erase_if(writes_, [&](const Write& write) { return write.end <= now; });
    for (const Write& write : writes_) {
      const auto size = static_cast<double>(copy.numel());
      const auto written = static_cast<std::int64_t>(size * (now - write.begin) / (write.end - write.begin));
      copy.slice(0, written).sub_(write.change.slice(0, written));
    }
  }

  void io(Archive& archive) { archive.io(writes_); }

 private:
  struct Write {
    double begin = 0.0, end = 0.0;
    at::Tensor change{};  ///< [n]
    void io(Archive& archive) { archive.io(begin, end, change); }
  };
  std::vector<Write> writes_;
};

}  // namespace sac
