#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/compress/codec.h"
#include "engine/core/options.h"
#include "engine/train/archive.h"
#include "engine/train/kept_back.h"
#include "engine/train/worker.h"

namespace sac {

/// Where compressed messages go: what a codec must be able to do.
enum class Route {
  kMean,    ///< all ranks take the mean of all: see CompressedMean
  kServer,  ///< to a parameter server, whose messages may have any length
  kPeer,    ///< to a rank that knows the length beforehand
};

/// One worker's end of a compressed exchange: a codec, and what it has kept back so far (see KeptBack).
class Compressor {
 public:
  /// codec and codec_..., error_feedback, error_feedback_rule.
  static std::vector<OptionSpec> options();

  /// These options' values among others.
  static ValueMap values(const Options& options);
  /// The codec that these options ask for; null for "none" and "powersgd".
  static std::unique_ptr<Codec> codec_of(const Options& options);

  Compressor() = default;  ///< "none"
  /// @throws ConfigError  options that contradict each other, a codec that cannot go this way.
  explicit Compressor(const Options& options, Route route = Route::kPeer);

  [[nodiscard]] bool active() const { return name_ != "none"; }  ///< a codec other than "none"
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] bool adds_up() const { return codec_->adds_up(); }
  [[nodiscard]] bool varies() const { return codec_ && codec_->varies(); }
  [[nodiscard]] bool votes() const { return codec_ && codec_->votes(); }
  [[nodiscard]] bool keeps_mean() const { return kept_.keeps_mean(); }
  [[nodiscard]] bool feeds_back() const { return !kept_.keeps_nothing(); }  ///< what is lost is sent later
  [[nodiscard]] bool has_momentum() const { return kept_.has_momentum(); }

  /// The message for values [n], the same n at every call.
  at::Tensor encode(Worker& worker, const at::Tensor& values, double unit);
  /// values [n] <- what a message of the last encode's round says.
  void decode(const at::Tensor& message, const at::Tensor& values) const { decode(message, round_, values); }
  /// The same of an earlier one's.
  void decode(const at::Tensor& message, const CodecRound& round, const at::Tensor& values) const {
    codec_->decode(message, round, values);
  }
  [[nodiscard]] const CodecRound& round() const { return round_; }         ///< of the last encode
  [[nodiscard]] const at::Tensor& kept() const { return kept_.memory(); }  ///< see KeptBack::memory

  void io(Archive& archive) { archive.io(round_.number, kept_); }

 private:
  std::string name_ = "none";
  std::unique_ptr<Codec> codec_;  ///< null for "none" and "powersgd"
  CodecRound round_;
  KeptBack kept_;
};

/// Refuses what does not fit differences of models: codecs that say only directions, momentum meant for gradients.
/// @throws ConfigError
void require_lengths(const Compressor& compressor, const std::string& strategy);

}  // namespace sac
