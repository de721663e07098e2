#include "engine/train/archive.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "engine/core/error.h"
#include "engine/core/sha256.h"

namespace sac {
namespace {

constexpr std::string_view kMagic = "sactool checkpoint 2\n";
constexpr std::size_t kDigest = 64;

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

namespace {

/// Waits until a file's bytes are on the disk: a power failure after the rename must not leave an empty checkpoint.
std::error_code synced(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const int failure = descriptor < 0 || fsync(descriptor) != 0 ? errno : 0;
  if (descriptor >= 0) close(descriptor);
  return failure == 0 ? std::error_code() : std::make_error_code(static_cast<std::errc>(failure));
}

}  // namespace

void write_archive(const std::string& path, const Archive& archive, std::int64_t step) {
  const std::string part = path + ".part";
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::error_code failed;
  if (!folder.empty()) std::filesystem::create_directories(folder, failed);
  Archive body;
  body.io(step);
  const std::string bytes = body.bytes() + archive.bytes();
  {
    std::ofstream file(part, std::ios::binary | std::ios::trunc);
    file << kMagic << sha256_hex(bytes) << bytes;
    file.flush();
    if (!file) failed = std::make_error_code(static_cast<std::errc>(errno));
  }
  if (!failed) failed = synced(part);
  if (!failed) std::filesystem::rename(part, path, failed);
  if (!failed) return;
  std::error_code ignored;
  std::filesystem::remove(part, ignored);
  throw RunError("cannot write the checkpoint '" + path + "': " + failed.message());
}

namespace {

/// Everything behind the header, checked: the step, then the archive.
Archive read_body(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw DataError("there is no checkpoint '" + path + "'");
  std::string content((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (content.compare(0, kMagic.size(), kMagic) != 0) {
    throw DataError("'" + path + "' is not a checkpoint of this version of sactool");
  }
  if (content.size() < kMagic.size() + kDigest) throw DataError("the checkpoint '" + path + "' is truncated");
  const std::string digest = content.substr(kMagic.size(), kDigest);
  content.erase(0, kMagic.size() + kDigest);
  if (sha256_hex(content) != digest) {
    throw DataError("the checkpoint '" + path + "' is truncated or corrupt (SHA-256 differs)");
  }
  return Archive(std::move(content));
}

}  // namespace

Archive read_archive(const std::string& path) {
  Archive body = read_body(path);
  std::int64_t step = 0;
  body.io(step);
  return body;
}

std::int64_t checkpoint_step(const std::string& path) {
  Archive body = read_body(path);
  std::int64_t step = 0;
  body.io(step);
  return step;
}

}  // namespace sac
