#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "engine/train/compressor.h"
#include "engine/train/low_rank_mean.h"
#include "engine/train/slices.h"
#include "engine/train/strategy.h"

namespace sac {

/// The mean over ranks of what each has to say, compressed. Messages that add up travel by all-reduce, others by
/// all-gather; those of different lengths tell them first (8 bytes) and travel as long as the longest.
class CompressedMean {
 public:
  /// One mean under way.
  struct Flight {
    at::Tensor message{};                 ///< this rank's; becomes the mean message where messages add up
    at::Tensor all{};                     ///< becomes every rank's message where they do not
    std::vector<std::int64_t> lengths{};  ///< of the messages in it
    CodecRound round{};
    WorkPtr work{};
    void io(Archive& archive, Communicator& comm);
  };

  CompressedMean() = default;  ///< uncompressed
  explicit CompressedMean(const Options& options) : compressor_(options, Route::kMean), low_rank_(options) {}
  [[nodiscard]] const Compressor& compressor() const { return compressor_; }
  [[nodiscard]] bool active() const { return compressor_.active(); }
  /// What is sent does not depend on the values.
  [[nodiscard]] bool oblivious() const { return !compressor_.varies(); }
  /// All-reduces can do without a rank, all-gathers cannot.
  [[nodiscard]] OnDeath on_death() const;

  /// values [D] of every rank become mean_k C(values_k); with a codec that votes, the sign of its sum.
  void apply(Worker& worker, Communicator& comm, const at::Tensor& values, double unit);
  /// The same of some elements of `flat` [D], the same ones at every call. Free when there is nothing to send.
  void apply(Worker& worker, Communicator& comm, const Slices& slices, const at::Tensor& flat, double unit);

  /// The same in two halves; values [n] of `start` are not borrowed. Not where `in_two_exchanges`.
  Flight start(Worker& worker, Communicator& comm, const at::Tensor& values, double unit);
  void finish(Flight& flight, const at::Tensor& values);
  /// The mean takes two exchanges, of which the second needs the first's result.
  [[nodiscard]] bool in_two_exchanges() const { return compressor_.name() == "powersgd"; }

  /// What this rank has kept back: see KeptBack::memory.
  [[nodiscard]] const at::Tensor& kept() const { return in_two_exchanges() ? low_rank_.kept() : compressor_.kept(); }
  void io(Archive& archive) { archive.io(compressor_, low_rank_, total_); }

 private:
  void apply_packed(Worker& worker, Communicator& comm, const Slices& elements, const at::Tensor& values, double unit);
  void start_gather(Communicator& comm, Flight& flight) const;
  [[nodiscard]] std::vector<std::int64_t> lengths_of(Communicator& comm, const at::Tensor& message) const;
  void decode_all(const Flight& flight, const at::Tensor& values) const;
  void add_earlier(const at::Tensor& values);

  Compressor compressor_;
  LowRankMean low_rank_;  ///< "powersgd"
  at::Tensor total_;      ///< ef21: mean_k h_k
};

/// Refuses what cannot travel while workers compute.  @throws ConfigError
void require_one_exchange(const CompressedMean& mean, const std::string& strategy);

}  // namespace sac
