#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/core/options.h"
#include "engine/core/random.h"

namespace sac {

/// What both ends of an exchange know without sending it: names the choices that all of them make alike.
struct CodecRound {
  std::uint64_t seed = 0;
  std::uint64_t number = 0;  ///< of exchanges made before
};

/// Writes a vector in fewer bytes, and reads it back. Stateless; safe to share between threads.
class Codec {
 public:
  virtual ~Codec() = default;
  /// Exact bytes of a message that holds `count` values of `element_size` bytes (4 or 8): the formula of its file.
  [[nodiscard]] virtual std::int64_t bytes(std::int64_t count, std::int64_t element_size) const = 0;
  /// @param values  [n], float32 or float64, contiguous.  @param random  this rank's own, for stochastic rounding.
  /// @return a flat tensor of bytes(n) bytes on the same device: what lies on the wire.
  [[nodiscard]] virtual at::Tensor encode(const at::Tensor& values, const CodecRound& round,
                                          RandomStream& random) const = 0;
  /// values [n] become what the message says.  @throws CommunicationError  it does not fit them.
  virtual void decode(const at::Tensor& message, const CodecRound& round, const at::Tensor& values) const = 0;
  /// True where messages of one round may be added up element by element: they travel by all-reduce. All others
  /// travel by all-gather.
  [[nodiscard]] virtual bool adds_up() const { return false; }
  /// True where a message holds directions without a length: the ranks' majority decides.
  [[nodiscard]] virtual bool votes() const { return false; }
};

/// codec_ratio, codec_levels, codec_bucket.
struct CodecConfig {
  double ratio = 0.01;          ///< topk, randomk: share of the elements sent
  std::int64_t levels = 127;    ///< qsgd
  std::int64_t bucket = 512;    ///< qsgd: elements that share a norm
  bool error_feedback = false;  ///< what is lost comes back: scale for least error, not for unbiasedness
};

struct CodecEntry {
  std::string name;
  std::string source;
  std::string bytes;  ///< of n values of w bytes, as a reader wants it
  std::function<std::unique_ptr<Codec>(const CodecConfig&)> make;
};

/// All codecs, by name; "none", which sends values as they are, is not among them.
const std::vector<CodecEntry>& codecs();

/// "none" and the names of all codecs: the choices of an option.
Strings codec_names();

/// @return null for "none".
std::unique_ptr<Codec> make_codec(const std::string& name, const CodecConfig& config);

/// Elements that a share of `count` comes to: max(1, round(ratio count)), 0 of none.
std::int64_t share_of_elements(double ratio, std::int64_t count);

}  // namespace sac
