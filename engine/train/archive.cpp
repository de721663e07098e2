#include "engine/train/archive.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include <cstring>

#include "engine/core/error.h"

namespace sac {
namespace {

[[noreturn]] void corrupt(const std::string& what) { throw DataError("the checkpoint is corrupt: " + what); }

}  // namespace

void Archive::raw(void* data, std::size_t size) {
  if (size == 0) return;
  if (!reading_) {
    bytes_.append(static_cast<const char*>(data), size);
    return;
  }
  if (size > bytes_.size() - position_) corrupt("it ends too early");
  std::memcpy(data, bytes_.data() + position_, size);
  position_ += size;
}

std::size_t Archive::checked_count(std::uint64_t count) const {
  if (count > bytes_.size() - position_) corrupt("a list longer than the file");  // an item takes at least a byte
  return count;
}

void Archive::io(std::string& text) {
  auto size = static_cast<std::uint64_t>(text.size());
  io(size);
  if (reading_) text.resize(checked_count(size));
  raw(text.data(), text.size());
}

void Archive::io(RandomStream& stream) {
  std::uint64_t position = stream.position();
  io(position);
  if (reading_) stream.seek(position);
}

void Archive::io(Ledger& ledger) {
  io(ledger.compute, ledger.communication, ledger.hidden_communication, ledger.waiting, ledger.idle, ledger.payload,
     ledger.wire, ledger.messages, ledger.resting);
}

void Archive::io(at::Tensor& tensor) {
  bool defined = tensor.defined();
  io(defined);
  if (!defined) {
    tensor = at::Tensor();
    return;
  }
  auto dtype = reading_ ? at::kByte : tensor.scalar_type();
  auto device = reading_ ? at::kCPU : tensor.device().type();
  std::vector<std::int64_t> shape = reading_ ? std::vector<std::int64_t>{} : tensor.sizes().vec();
  io(dtype, device, shape);
  if (reading_) tensor = at::empty(shape, at::TensorOptions(dtype).device(device));
  io_in_place(tensor);
}

void Archive::io_in_place(const at::Tensor& tensor) {
  auto bytes = static_cast<std::uint64_t>(tensor.nbytes());
  io(bytes);
  if (bytes != tensor.nbytes())
    corrupt("a tensor of " + std::to_string(bytes) + " bytes, expected " + std::to_string(tensor.nbytes()));
  if (reading_) {
    const at::Tensor host = tensor.is_cpu() ? tensor : at::empty_like(tensor, at::kCPU);
    raw(host.mutable_data_ptr(), host.nbytes());
    if (!tensor.is_cpu()) tensor.copy_(host);
    return;
  }
  const at::Tensor whole = tensor.cpu().contiguous();
  bytes_.append(static_cast<const char*>(whole.const_data_ptr()), whole.nbytes());
}

}  // namespace sac
