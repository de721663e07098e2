#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/compress/codec.h"
#include "engine/core/options.h"
#include "engine/train/archive.h"
#include "engine/train/slices.h"
#include "engine/train/worker.h"

namespace sac {

/// One worker's end of a compressed exchange: a codec and, with error feedback, what it has kept back so far.
///   ef    p = g + e / u; C(p) is sent; e <- u (p - C(p))   Seide 2014; Karimireddy et al. 2019, arXiv:1901.09847
///   ef21  C(g - h) is sent; h <- h + C(g - h)              Richtarik et al. 2021, arXiv:2106.05203
/// u is the step size that the vector will be multiplied with: so x_T - e_T = x_0 - sum_t lr_t g_t for any lr_t.
class Compressor {
 public:
  /// codec, codec_ratio, codec_levels, codec_bucket, error_feedback, error_feedback_rule.
  static std::vector<OptionSpec> options();

  /// These options' values among others.
  static ValueMap values(const Options& options);
  /// The codec that these options ask for; null for "none".
  static std::unique_ptr<Codec> codec_of(const Options& options);

  Compressor() = default;  ///< "none"
  /// @throws ConfigError  error feedback without a codec.
  explicit Compressor(const Options& options);

  [[nodiscard]] bool active() const { return codec_ != nullptr; }  ///< a codec other than "none"
  [[nodiscard]] const Codec& codec() const { return *codec_; }
  [[nodiscard]] bool keeps_mean() const { return rule_ == Rule::kEf21; }

  /// The message for values [n], the same n at every call.
  at::Tensor encode(Worker& worker, const at::Tensor& values, double unit);
  /// values [n] <- what a message of the last encode's round says.
  void decode(const at::Tensor& message, const at::Tensor& values) const { codec_->decode(message, round_, values); }
  [[nodiscard]] const CodecRound& round() const { return round_; }  ///< of the last encode
  [[nodiscard]] const at::Tensor& kept() const { return memory_; }  ///< e, or ef21's h; undefined before an encode

  void io(Archive& archive) { archive.io(round_.number, memory_); }

 private:
  enum class Rule { kNone, kEf, kEf21 };

  std::unique_ptr<Codec> codec_;  ///< null for "none"
  Rule rule_ = Rule::kNone;
  CodecRound round_;
  at::Tensor memory_;  ///< e or h, [n]; undefined before the first encode
};

/// Refuses codecs that say only directions where lengths are needed.  @throws ConfigError
void require_lengths(const Compressor& compressor, const std::string& strategy);

/// The mean over ranks of what each has to say, compressed. Messages that add up travel by all-reduce, others by
/// all-gather.
class CompressedMean {
 public:
  /// One mean under way.
  struct Flight {
    at::Tensor message{};  ///< this rank's; becomes the mean message where messages add up
    at::Tensor all{};      ///< becomes every rank's message where they do not
    CodecRound round{};
    WorkPtr work{};
    void io(Archive& archive, Communicator& comm);
  };

  CompressedMean() = default;  ///< uncompressed
  explicit CompressedMean(const Options& options) : compressor_(options) {}
  [[nodiscard]] const Compressor& compressor() const { return compressor_; }
  [[nodiscard]] bool active() const { return compressor_.active(); }

  /// values [n] of every rank become mean_k C(values_k); with a codec that votes, the sign of its sum.
  void apply(Worker& worker, Communicator& comm, const at::Tensor& values, double unit);
  /// The same of some elements of `flat`. Free when there is nothing to send.
  void apply(Worker& worker, Communicator& comm, const Slices& slices, const at::Tensor& flat, double unit);
  /// The same in two halves; values [n] of `start` are not borrowed.
  Flight start(Worker& worker, Communicator& comm, const at::Tensor& values, double unit);
  void finish(Flight& flight, const at::Tensor& values);
  void io(Archive& archive) { archive.io(compressor_, total_); }

 private:
  void decode_all(const Flight& flight, const at::Tensor& values) const;

  Compressor compressor_;
  at::Tensor total_;  ///< ef21: mean_k h_k
};

}  // namespace sac
