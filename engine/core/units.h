#pragma once
#include <compare>
#include <cstdint>

namespace sac {

/// A span or a point of time in seconds: a virtual clock's or a steady clock's.
struct Seconds {
  double value = 0.0;

  constexpr Seconds() = default;
  constexpr explicit Seconds(double seconds) : value(seconds) {}
  constexpr auto operator<=>(const Seconds&) const = default;
  constexpr Seconds operator+(Seconds other) const { return Seconds(value + other.value); }
  constexpr Seconds operator-(Seconds other) const { return Seconds(value - other.value); }
  constexpr Seconds operator*(double factor) const { return Seconds(value * factor); }
  constexpr Seconds& operator+=(Seconds other) {
    value += other.value;
    return *this;
  }
  constexpr Seconds& operator-=(Seconds other) {
    value -= other.value;
    return *this;
  }
};

/// A number of bytes.
struct Bytes {
  std::int64_t value = 0;

  constexpr Bytes() = default;
  constexpr explicit Bytes(std::int64_t bytes) : value(bytes) {}
  constexpr auto operator<=>(const Bytes&) const = default;
  constexpr Bytes operator+(Bytes other) const { return Bytes(value + other.value); }
  constexpr Bytes& operator+=(Bytes other) {
    value += other.value;
    return *this;
  }
};

}  // namespace sac
