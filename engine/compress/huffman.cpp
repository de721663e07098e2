#include "engine/compress/huffman.h"

#include <algorithm>
#include <string>
#include <vector>

#include "engine/compress/byte_codec.h"
#include "engine/compress/huffman_code.h"

namespace sac {
namespace {

constexpr std::uint8_t kPlain = 0, kHuffman = 1;

/// The code lengths of the symbols from the least to the greatest used.
struct Table {
  std::uint16_t first = 0;
  std::vector<int> lengths{};
  [[nodiscard]] std::int64_t bytes() const { return 4 + packed_bytes(static_cast<std::int64_t>(lengths.size()), 4); }
};

Table table_of(const std::vector<std::int64_t>& counts) {
  const auto used = [](std::int64_t count) { return count > 0; };
  const auto begin = std::find_if(counts.begin(), counts.end(), used);
  const auto end = std::find_if(counts.rbegin(), counts.rend(), used).base();
  return {.first = static_cast<std::uint16_t>(begin - counts.begin()), .lengths = huffman_lengths({begin, end})};
}

void write(const Table& table, std::uint8_t* out) {
  store(out, table.first);
  store(out + 2, static_cast<std::uint16_t>(table.lengths.size() - 1));
  BitWriter bits(out + 4);
  for (const int length : table.lengths) bits.put(static_cast<std::uint32_t>(length), 4);
  bits.finish();
}

[[noreturn]] void refuse(const char* why) {
  throw CommunicationError(std::string("a Huffman-coded message cannot be read: ") + why);
}

/// What is left of a message.
using Rest = std::span<const std::uint8_t>;

Rest after(Rest rest, std::int64_t bytes) {
  if (static_cast<std::int64_t>(rest.size()) < bytes) refuse("it is cut short");
  return rest.subspan(static_cast<std::size_t>(bytes));
}

Table read_table(Rest rest) {
  after(rest, 4);
  Table table{.first = load<std::uint16_t>(rest.data())};
  table.lengths.resize(load<std::uint16_t>(rest.data() + 2) + std::size_t{1});
  after(rest, table.bytes());
  BitReader bits(rest.data() + 4);
  for (int& length : table.lengths) length = static_cast<int>(bits.take(4));
  return table;
}

/// Bits of a message, lowest first, zeros beyond its end.
class Peeker {
 public:
  explicit Peeker(Rest rest) : rest_(rest) {}
  [[nodiscard]] std::uint64_t look() {
    while (filled_ < 32) {
      const std::uint64_t byte = next_ < rest_.size() ? rest_[next_] : 0;
      pending_ |= byte << filled_;
      filled_ += 8;
      ++next_;
    }
    return pending_;
  }
  void skip(int bits) {
    pending_ >>= bits;
    filled_ -= bits;
  }
  [[nodiscard]] bool past_end() const { return 8 * next_ - static_cast<std::size_t>(filled_) > 8 * rest_.size(); }

 private:
  Rest rest_;
  std::uint64_t pending_ = 0;
  int filled_ = 0;
  std::size_t next_ = 0;
};

void expand(Rest rest, const Table& table, int width, std::int64_t count, std::uint8_t* out) {
  const CodeLookup lookup(table.lengths);
  const std::uint64_t mask = lookup.entries.size() - 1;
  Peeker bits(rest);
  BitWriter writer(out);
  for (std::int64_t i = 0; i < count; ++i) {
    const CodeLookup::Entry entry = lookup.entries[bits.look() & mask];
    if (entry.length == 0) refuse("its table does not know one of its codes");
    bits.skip(entry.length);
    writer.put(static_cast<std::uint32_t>(table.first + entry.symbol), width);
  }
  writer.finish();
  if (bits.past_end()) refuse("it is cut short");
}

void shorten(const std::uint8_t* in, int width, std::int64_t count, const Table& table, std::uint8_t* out) {
  const std::vector<std::uint32_t> words = canonical_words(table.lengths);
  BitReader reader(in);
  BitWriter writer(out);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::size_t symbol = reader.take(width) - table.first;
    writer.put(words[symbol], table.lengths[symbol]);
  }
  writer.finish();
}

class HuffmanCoded final : public Codec {
 public:
  explicit HuffmanCoded(std::unique_ptr<Codec> inner) : inner_(std::move(inner)) {}

  /// The most that a message can have.
  [[nodiscard]] std::int64_t bytes(std::int64_t count, std::int64_t element_size) const override {
    return 1 + inner_->bytes(count, element_size);
  }
  [[nodiscard]] bool varies() const override { return true; }

  at::Tensor encode(const at::Tensor& values, const CodecRound& round, RandomStream& random) const override {
    const at::Tensor plain = inner_->encode(values, round, random);
    return coded(plain.cpu(), values.numel()).to(plain.device());
  }

  void decode(const at::Tensor& message, const CodecRound& round, const at::Tensor& values) const override {
    const at::Tensor host = message.cpu();
    const Rest whole(host.const_data_ptr<std::uint8_t>(), static_cast<std::size_t>(host.numel()));
    const Rest rest = after(whole, 1);
    if (whole.front() == kPlain) return inner_->decode(message.narrow(0, 1, message.numel() - 1), round, values);
    const at::Tensor plain = at::empty({inner_->bytes(values.numel(), values.element_size())}, host.options());
    const Codes codes = inner_->codes(values.numel());
    auto* out = plain.mutable_data_ptr<std::uint8_t>();
    const Rest coded = after(rest, codes.begin);
    std::copy_n(rest.data(), codes.begin, out);
    const Table table = read_table(coded);
    expand(after(coded, table.bytes()), table, codes.width, values.numel(), out + codes.begin);
    inner_->decode(plain.to(message.device()), round, values);
  }

 private:
  [[nodiscard]] at::Tensor coded(const at::Tensor& plain, std::int64_t count) const {
    const Codes codes = inner_->codes(count);
    const auto* in = plain.const_data_ptr<std::uint8_t>();
    std::vector<std::int64_t> counts(std::size_t{1} << codes.width, 0);
    BitReader reader(in + codes.begin);
    for (std::int64_t i = 0; i < count; ++i) ++counts[reader.take(codes.width)];
    const Table table = count > 0 ? table_of(counts) : Table{};
    std::int64_t bits = 0;
    for (std::size_t i = 0; i < table.lengths.size(); ++i) bits += counts[table.first + i] * table.lengths[i];
    const std::int64_t size = codes.begin + table.bytes() + (bits + 7) / 8;
    const bool worth = size < plain.numel();
    const at::Tensor message = at::empty({1 + (worth ? size : plain.numel())}, plain.options());
    auto* out = message.mutable_data_ptr<std::uint8_t>();
    *out++ = worth ? kHuffman : kPlain;
    out = std::copy_n(in, worth ? codes.begin : plain.numel(), out);
    if (!worth) return message;
    write(table, out);
    shorten(in + codes.begin, codes.width, count, table, out + table.bytes());
    return message;
  }

  std::unique_ptr<Codec> inner_;
};

}  // namespace

std::unique_ptr<Codec> huffman_coded(std::unique_ptr<Codec> inner) {
  return std::make_unique<HuffmanCoded>(std::move(inner));
}

}  // namespace sac
