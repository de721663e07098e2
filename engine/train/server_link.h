#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/train/compressor.h"
#include "engine/train/strategy.h"

namespace sac {

/// One worker's end of its exchanges with a server: what it pushes is compressed on request, shard by shard.
class ServerLink {
 public:
  /// Those of Compressor.
  static std::vector<OptionSpec> options() { return Compressor::options(); }

  /// @param strategy  for messages.  @throws ConfigError  error feedback that a server cannot follow.
  ServerLink(const Options& options, const std::string& strategy);

  [[nodiscard]] bool exact() const { return !compressor_.active(); }
  [[nodiscard]] bool oblivious() const { return !compressor_.varies(); }  ///< lengths do not depend on values
  [[nodiscard]] const Compressor& compressor() const { return compressor_; }
  /// Once, before the first exchange.
  void prepare(Worker& worker);
  /// Sends values [n]; parameters [n] become the server's, where they are defined.  @param unit  as Compressor::encode
  /// has it.
  void push_pull(Worker& worker, const at::Tensor& values, double unit, const PushNote& note,
                 const at::Tensor& parameters);
  /// Sends some elements of the worker's gradients; those of its parameters become the server's.
  void push_pull(Worker& worker, const Slices& slices, const PushNote& note);
  void io(Archive& archive) {
    for (Compressor& compressor : compressors_) compressor.io(archive);
  }

 private:
  Options options_;
  Compressor compressor_;                ///< never encodes: what the others are like
  std::vector<Compressor> compressors_;  ///< a shard; empty without a codec
};

/// A shard's end: reads what workers push.
class ReceivedPushes {
 public:
  ReceivedPushes(const Options& options, const ServerSetup& setup);
  /// The values [n] of one push, to be called once for each; valid until the next.
  const at::Tensor& read(const ServerUpdate& update);
  void io(Archive& archive) { archive.io(pushes_); }

 private:
  std::unique_ptr<Codec> codec_;  ///< null for "none"
  std::uint64_t seed_;
  at::Tensor value_;                  ///< [n]
  std::vector<std::int64_t> pushes_;  ///< of each worker
};

}  // namespace sac
