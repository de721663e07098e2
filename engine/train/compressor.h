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
#include "engine/train/low_rank_mean.h"
#include "engine/train/slices.h"
#include "engine/train/strategy.h"
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

  /// The codec that these options ask for; null for "none" and "powersgd".
  static std::unique_ptr<Codec> codec_of(const Options& options);

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
  void decode(const at::Tensor& message, const at::Tensor& values) const { codec_->decode(message, round_, values); }

  void io(Archive& archive) { archive.io(round_.number, kept_); }

 private:
  std::string name_;
  std::unique_ptr<Codec> codec_;  ///< null for "none" and "powersgd"
  CodecRound round_;
  KeptBack kept_;
};

/// Refuses what does not fit differences of models: codecs that say only directions, momentum meant for gradients.
/// @throws ConfigError
void require_lengths(const Compressor& compressor, const std::string& strategy);

/// The mean over ranks of what each has to say, compressed. Messages that add up travel by all-reduce, others by
/// all-gather; those of different lengths tell them first (8 bytes) and travel as long as the longest.
class CompressedMean {
 public:
  explicit CompressedMean(const Options& options) : compressor_(options, Route::kMean), low_rank_(options) {}
  [[nodiscard]] const Compressor& compressor() const { return compressor_; }
  [[nodiscard]] bool active() const { return compressor_.active(); }
  /// What is sent does not depend on the values.
  [[nodiscard]] bool oblivious() const { return !compressor_.varies(); }

  /// All-reduces can do without a rank, all-gathers cannot.
  [[nodiscard]] OnDeath on_death() const;

  /// values [n] of every rank become mean_k C(values_k); with a codec that votes, the sign of its sum.
  /// @param elements  of the model that values hold, packed: "powersgd" takes its matrices from there.
  void apply(Worker& worker, Communicator& comm, const Slices& elements, const at::Tensor& values, double unit);
  /// The same for values of the whole model [D].
  void apply(Worker& worker, Communicator& comm, const at::Tensor& values, double unit);
  void io(Archive& archive) { archive.io(compressor_, low_rank_, total_); }

 private:
  void exchange(Worker& worker, Communicator& comm, const at::Tensor& values, double unit);
  void gather(Communicator& comm, const at::Tensor& message, const at::Tensor& values) const;
  [[nodiscard]] std::vector<std::int64_t> lengths_of(Communicator& comm, const at::Tensor& message) const;

  Compressor compressor_;
  LowRankMean low_rank_;  ///< "powersgd"
  at::Tensor total_;      ///< ef21: mean_k h_k
};

}  // namespace sac
