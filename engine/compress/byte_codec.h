#pragma once
#include <ATen/ops/empty.h>

#include <cmath>
#include <span>

#include "engine/compress/bits.h"
#include "engine/compress/codec.h"
#include "engine/core/error.h"

namespace sac {

/// A codec written as loops over values and bytes on the CPU. `Self` has
///   template <class T> void write(std::span<const T> values, std::uint8_t* out, RandomStream& random) const;
///   template <class T> void read(const std::uint8_t* in, std::span<T> values) const;
template <class Self>
class ByteCodec : public Codec {
 public:
  at::Tensor encode(const at::Tensor& values, const CodecRound& /*round*/, RandomStream& random) const override {
    const at::Tensor host = values.cpu();
    const at::Tensor message = at::empty({bytes(host.numel(), host.element_size())}, at::TensorOptions(at::kByte));
    auto* out = message.mutable_data_ptr<std::uint8_t>();
    if (host.scalar_type() == at::kDouble) {
      self().write(view<const double>(host), out, random);
    } else {
      self().write(view<const float>(host), out, random);
    }
    return message.to(values.device());
  }

  void decode(const at::Tensor& message, const CodecRound& /*round*/, const at::Tensor& values) const override {
    if (message.numel() != bytes(values.numel(), values.element_size())) {
      throw CommunicationError("a compressed message of " + std::to_string(message.numel()) +
                               " bytes came; it must have " +
                               std::to_string(bytes(values.numel(), values.element_size())));
    }
    const at::Tensor wire = message.cpu();
    const auto* in = wire.const_data_ptr<std::uint8_t>();
    const at::Tensor host = values.is_cpu() ? values : at::empty(values.sizes(), values.options().device(at::kCPU));
    if (host.scalar_type() == at::kDouble) {
      self().read(in, view<double>(host));
    } else {
      self().read(in, view<float>(host));
    }
    if (!values.is_cpu()) values.copy_(host);
  }

 private:
  [[nodiscard]] const Self& self() const { return static_cast<const Self&>(*this); }
  template <class T>
  static std::span<T> view(const at::Tensor& host) {
    return {static_cast<T*>(host.data_ptr()), static_cast<std::size_t>(host.numel())};
  }
};

/// The largest absolute value; 0 of none.
template <class T>
double largest(std::span<const T> values) {
  T most = 0;
  for (const T value : values) most = std::max(most, std::abs(value));
  return static_cast<double>(most);
}

}  // namespace sac
