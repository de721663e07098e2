#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/comm/ledger.h"
#include "engine/core/random.h"
#include "engine/core/units.h"

namespace sac {

/// A binary archive for checkpoints: one `io` function a type both writes and reads, so the two cannot drift apart.
/// Same machine type only (little-endian, no versioned fields).
class Archive {
 public:
  Archive() = default;                                                               ///< for writing
  explicit Archive(std::string bytes) : bytes_(std::move(bytes)), reading_(true) {}  ///< for reading

  [[nodiscard]] bool reading() const { return reading_; }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

  template <class T>
  requires std::is_arithmetic_v<T> || std::is_enum_v<T>
  void io(T& value) { raw(&value, sizeof value); }
  void io(std::string& text);
  void io(Seconds& seconds) { io(seconds.value); }
  void io(Bytes& bytes) { io(bytes.value); }
  void io(RandomStream& stream);
  void io(Ledger& ledger);
  /// Defined tensors are read back into fresh storage on the kind of device they came from; an undefined one stays
  /// undefined.
  void io(at::Tensor& tensor);
  /// Reads into, or writes from, storage that stays where it is.  @throws DataError  another shape or dtype.
  void io_in_place(const at::Tensor& tensor);

  template <class T>
  void io(std::vector<T>& items) {
    auto count = static_cast<std::uint64_t>(items.size());
    io(count);
    if (reading_) items.resize(checked_count(count));
    for (T& item : items) io(item);
  }
  template <class K, class V>
  void io(std::map<K, V>& items) {
    auto count = static_cast<std::uint64_t>(items.size());
    io(count);
    if (!reading_) {
      for (auto& [key, value] : items) {
        K copy = key;
        io(copy);
        io(value);
      }
      return;
    }
    items.clear();
    for (std::uint64_t i = 0; i < count; ++i) {
      K key{};
      io(key);
      io(items[std::move(key)]);
    }
  }
  template <class T>
  requires requires(T& value, Archive& archive) { value.io(archive); }
  void io(T& value) { value.io(*this); }
  template <class A, class B>
  void io(std::pair<A, B>& pair) {
    io(pair.first, pair.second);
  }
  template <class... T>
  requires(sizeof...(T) > 1) void io(T&... values) { (io(values), ...); }

 private:
  void raw(void* data, std::size_t size);
  [[nodiscard]] std::size_t checked_count(std::uint64_t count) const;

  std::string bytes_;
  std::size_t position_ = 0;
  bool reading_ = false;
};

}  // namespace sac
