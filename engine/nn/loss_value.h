#pragma once
#include <ATen/core/Tensor.h>

namespace sac {

/// A loss, or a sum of losses, that may still lie on a device: it is fetched, and the device waited for, only where
/// somebody asks for the number.
class LossValue {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): on the CPU a loss is a number
  LossValue(double number = 0.0) : number_(number) {}
  /// @param scalar  float32 or float64, without dimensions; never written again.
  explicit LossValue(at::Tensor scalar) : scalar_(std::move(scalar)) {}

  LossValue& operator+=(const LossValue& other) {
    number_ += other.number_;
    if (other.scalar_.defined())
      scalar_ = scalar_.defined() ? scalar_.add(other.scalar_) : other.scalar_.to(at::kDouble);
    return *this;
  }

  LossValue& operator*=(double factor) {
    number_ *= factor;
    if (scalar_.defined()) scalar_ = scalar_.mul(factor);
    return *this;
  }

  /// Into one float64 element of a tensor, without waiting for its device.
  void store(const at::Tensor& element) const {
    element.fill_(number_);
    if (scalar_.defined()) element.add_(scalar_);
  }

  [[nodiscard]] double value() const { return scalar_.defined() ? number_ + scalar_.item<double>() : number_; }

 private:
  double number_ = 0.0;
  at::Tensor scalar_{};  ///< undefined, or one more summand
};

}  // namespace sac
