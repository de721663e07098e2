#pragma once
#include <ATen/ops/empty.h>

#include <cmath>
#include <span>
#include <string>

#include "engine/compress/bits.h"
#include "engine/compress/codec.h"
#include "engine/core/error.h"

namespace sac {

/// A message of `size` bytes, on the device of `values`; `write(span of values, out)` fills it on the CPU.
template <class Write>
at::Tensor encoded_bytes(const at::Tensor& values, std::int64_t size, const Write& write) {
  const at::Tensor host = values.cpu();
  const at::Tensor message = at::empty({size}, at::TensorOptions(at::kByte));
  auto* out = message.mutable_data_ptr<std::uint8_t>();
  const auto count = static_cast<std::size_t>(host.numel());
  if (host.scalar_type() == at::kDouble) {
    write(std::span<const double>(host.const_data_ptr<double>(), count), out);
  } else {
    write(std::span<const float>(host.const_data_ptr<float>(), count), out);
  }
  return message.to(values.device());
}

/// `read(in, span of values)` on the CPU, wherever the tensors lie.
template <class Read>
void decode_bytes(const at::Tensor& message, const at::Tensor& values, const Read& read) {
  const at::Tensor wire = message.cpu();
  const auto* in = wire.const_data_ptr<std::uint8_t>();
  const at::Tensor host = values.is_cpu() ? values : at::empty(values.sizes(), values.options().device(at::kCPU));
  const auto count = static_cast<std::size_t>(host.numel());
  if (host.scalar_type() == at::kDouble) {
    read(in, std::span<double>(host.mutable_data_ptr<double>(), count));
  } else {
    read(in, std::span<float>(host.mutable_data_ptr<float>(), count));
  }
  if (!values.is_cpu()) values.copy_(host);
}

/// @throws CommunicationError
inline void require_bytes(const at::Tensor& message, std::int64_t bytes) {
  if (message.numel() == bytes) return;
  throw CommunicationError("a compressed message of " + std::to_string(message.numel()) + " bytes came; it must have " +
                           std::to_string(bytes));
}

/// A codec written as loops over values and bytes on the CPU. `Self` has
///   template <class T> void write(std::span<const T> values, std::uint8_t* out, RandomStream& random) const;
///   template <class T> void read(const std::uint8_t* in, std::span<T> values) const;
template <class Self>
class ByteCodec : public Codec {
 public:
  at::Tensor encode(const at::Tensor& values, const CodecRound& /*round*/, RandomStream& random) const override {
    return encoded_bytes(values, bytes(values.numel(), values.element_size()),
                         [&](auto all, std::uint8_t* out) { self().write(all, out, random); });
  }

  void decode(const at::Tensor& message, const CodecRound& /*round*/, const at::Tensor& values) const override {
    require_bytes(message, bytes(values.numel(), values.element_size()));
    decode_bytes(message, values, [&](const std::uint8_t* in, auto all) { self().read(in, all); });
  }

 private:
  [[nodiscard]] const Self& self() const { return static_cast<const Self&>(*this); }
};

/// The largest absolute value; 0 of none.
template <class T>
double largest(std::span<const T> values) {
  T most = 0;
  for (const T value : values) most = std::max(most, std::abs(value));
  return static_cast<double>(most);
}

}  // namespace sac
