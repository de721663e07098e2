#include "engine/compress/byte_codec.h"
#include "engine/compress/entries.h"

namespace sac {
namespace {

/// Signs alone; the majority of the ranks decides each. With error feedback the mean magnitude |x|_1 / n goes along
/// and the ranks' vectors are averaged (Karimireddy et al. 2019, arXiv:1901.09847).
/// Bytes  ceil(n / 8); 4 more with error feedback.
class SignSgd final : public ByteCodec<SignSgd> {
 public:
  explicit SignSgd(bool scaled) : scale_bytes_(scaled ? 4 : 0) {}

  [[nodiscard]] bool votes() const override { return scale_bytes_ == 0; }
  [[nodiscard]] std::int64_t bytes(std::int64_t count, std::int64_t /*element_size*/) const override {
    return scale_bytes_ + packed_bytes(count, 1);
  }
  template <class T>
  void write(std::span<const T> values, std::uint8_t* out, RandomStream& /*random*/) const {
    double sum = 0.0;
    BitWriter bits(out + scale_bytes_);
    for (const T value : values) {
      sum += std::abs(static_cast<double>(value));
      bits.put(value < 0 ? 1 : 0, 1);
    }
    bits.finish();
    if (!votes() && !values.empty()) store(out, static_cast<float>(sum / static_cast<double>(values.size())));
  }
  template <class T>
  void read(const std::uint8_t* in, std::span<T> values) const {
    const T magnitude = votes() || values.empty() ? T{1} : static_cast<T>(load<float>(in));
    BitReader bits(in + scale_bytes_);
    for (T& value : values) value = bits.take(1) == 0 ? magnitude : -magnitude;
  }

 private:
  std::int64_t scale_bytes_;
};

}  // namespace

CodecEntry signsgd_entry() {
  return {.name = "signsgd",
          .source = "Bernstein et al. 2018, arXiv:1802.04434 (majority vote)",
          .bytes = "ceil(n / 8), + 4 with error feedback",
          .make = [](const CodecConfig& config) { return std::make_unique<SignSgd>(config.error_feedback); }};
}

}  // namespace sac
