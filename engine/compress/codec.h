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

/// Where a quantising codec's message holds one code of `width` bits a value: packed, from byte `begin` on.
struct Codes {
  int width = 0;           ///< 0: it does not quantise
  std::int64_t begin = 0;  ///< bytes before them
};

/// Writes a vector in fewer bytes, and reads it back. Stateless; safe to share between threads.
class Codec {
 public:
  virtual ~Codec() = default;
  /// Exact bytes of a message that holds `count` values of `element_size` bytes (4 or 8): the formula of its file. The
  /// most of them where the length varies.
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
  /// True where a message's length depends on the values.
  [[nodiscard]] virtual bool varies() const { return false; }
  /// How a message of `count` values is made up.
  [[nodiscard]] virtual Codes codes(std::int64_t /*count*/) const { return {}; }
  /// True where a message holds directions without a length: the ranks' majority decides.
  [[nodiscard]] virtual bool votes() const { return false; }
};

/// codec_ratio, codec_warmup, codec_levels, codec_bucket, codec_entropy.
struct CodecConfig {
  double ratio = 0.01;          ///< topk, randomk, dgc: share of the elements sent
  std::int64_t warmup = 0;      ///< dgc: exchanges until that share is reached
  std::int64_t levels = 127;    ///< qsgd
  std::int64_t bucket = 512;    ///< qsgd: elements that share a norm
  bool error_feedback = false;  ///< what is lost comes back: scale for least error, not for unbiasedness
  bool huffman = false;         ///< the codes of a quantising codec in Huffman code
};

struct CodecEntry {
  std::string name;
  std::string source;
  std::string bytes;  ///< of n values of w bytes, as a reader wants it
  std::function<std::unique_ptr<Codec>(const CodecConfig&)> make;
};

/// All codecs, by name; "none", which sends values as they are, is not among them, nor is "powersgd", which is no codec
/// of single messages (see PowerSgd).
const std::vector<CodecEntry>& codecs();

/// "none", the names of all codecs and "powersgd": the choices of an option.
Strings codec_names();

/// @return null for "none" and "powersgd".  @throws ConfigError  Huffman code for a codec that does not quantise.
std::unique_ptr<Codec> make_codec(const std::string& name, const CodecConfig& config);

/// Elements that a share of `count` comes to: max(1, round(ratio count)), 0 of none.
std::int64_t share_of_elements(double ratio, std::int64_t count);

}  // namespace sac
