#include "engine/nn/safetensors.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/error.h"

namespace sac {
namespace {

using Json = nlohmann::ordered_json;
using Shape = std::vector<std::int64_t>;

constexpr std::size_t kLengthBytes = 8;
const std::map<std::string, at::ScalarType> kDtypes{
    {"BF16", at::kBFloat16}, {"F16", at::kHalf}, {"F32", at::kFloat}, {"F64", at::kDouble}};

/// One tensor of the model: its name, and its elements seen in the file's shape.
struct Named {
  std::string name;
  at::Tensor view;
};

/// [out, H, W, in] as [out, in, H, W].
at::Tensor as_in_file(const at::Tensor& tensor) { return tensor.dim() == 4 ? tensor.permute({0, 3, 1, 2}) : tensor; }

std::vector<Named> named(const Layout& layout, const at::Tensor& parameters, const at::Tensor& buffers) {
  std::vector<Named> tensors;
  const auto append = [&](const std::vector<TensorInfo>& infos, const at::Tensor& flat) {
    for (const TensorInfo& info : infos) {
      const at::Tensor own = flat.narrow(0, info.range.begin, info.range.size()).view(info.shape);
      tensors.push_back({info.name, as_in_file(own)});
    }
  };
  append(layout.parameters, parameters);
  append(layout.buffers, buffers);
  return tensors;
}

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& what) {
  throw DataError(path.string() + ": " + what);
}

std::string text_of(const Shape& shape) { return Json(shape).dump(); }

/// A whole file and where its tensors lie in it.
class File {
 public:
  explicit File(const std::filesystem::path& path) : path_(path) {
    if (std::filesystem::is_directory(path)) fail(path, "is a folder, not a file");
    std::ifstream file(path, std::ios::binary);
    if (!file) fail(path, std::string("cannot be read: ") + std::strerror(errno));
    bytes_.assign(std::istreambuf_iterator<char>(file), {});
    std::uint64_t length = 0;
    if (bytes_.size() >= kLengthBytes) std::memcpy(&length, bytes_.data(), kLengthBytes);
    if (length == 0 || length > bytes_.size() - kLengthBytes) fail(path, "is no safetensors file, or truncated");
    begin_ = kLengthBytes + length;
    header_ = Json::parse(bytes_.begin() + kLengthBytes, bytes_.begin() + static_cast<std::ptrdiff_t>(begin_), nullptr,
                          /*allow_exceptions=*/false);
    if (!header_.is_object()) fail(path, "is no safetensors file: its header is no JSON object");
    header_.erase("__metadata__");
  }

  /// The tensor of this name and shape.
  at::Tensor tensor(const std::string& name, const Shape& shape) try {
    if (!header_.contains(name)) fail(path_, "lacks the model's tensor '" + name + "'");
    const Json entry = header_.at(name);
    header_.erase(name);
    const auto dtype = entry.at("dtype").get<std::string>();
    if (!kDtypes.contains(dtype)) {
      fail(path_, "tensor '" + name + "' is of dtype " + dtype + "; choices: BF16, F16, F32, F64");
    }
    const auto found = entry.at("shape").get<Shape>();
    if (found != shape) {
      fail(path_, "tensor '" + name + "' has shape " + text_of(found) + ", the model's has " + text_of(shape));
    }
    const auto begin = entry.at("data_offsets").at(0).get<std::uint64_t>();
    const auto end = entry.at("data_offsets").at(1).get<std::uint64_t>();
    const auto size = static_cast<std::uint64_t>(c10::multiply_integers(shape)) * c10::elementSize(kDtypes.at(dtype));
    if (end < begin || end - begin != size)
      fail(path_, "tensor '" + name + "' has data of another size than its shape");
    if (end > bytes_.size() - begin_) fail(path_, "truncated: tensor '" + name + "' ends behind the file's end");
    taken_.insert({begin, {end, name}});
    const at::Tensor tensor = at::empty(shape, kDtypes.at(dtype));
    std::memcpy(tensor.mutable_data_ptr(), bytes_.data() + begin_ + begin, size);
    return tensor;
  } catch (const Json::exception&) {
    fail(path_, "the header's entry of tensor '" + name + "' has no dtype, shape and data_offsets");
  }

  /// @throws DataError  a tensor has not been asked for, or two lie on the same bytes.
  void finish() const {
    std::uint64_t free = 0;
    for (const auto& [begin, tensor] : taken_) {
      if (begin < free) fail(path_, "tensor '" + tensor.second + "' shares bytes with another");
      free = tensor.first;
    }
    for (const auto& [name, entry] : header_.items()) {
      if (!name.ends_with("num_batches_tracked"))
        fail(path_, "holds a tensor '" + name + "' that the model does not have");
    }
  }

 private:
  std::filesystem::path path_;
  std::vector<char> bytes_;
  std::size_t begin_ = 0;  ///< of the tensors' bytes
  Json header_;
  std::multimap<std::uint64_t, std::pair<std::uint64_t, std::string>> taken_;  ///< begin -> end, name
};

void write(const std::filesystem::path& path, const Json& header, const std::vector<at::Tensor>& tensors) {
  std::string text = header.dump();
  text.append((kLengthBytes - text.size() % kLengthBytes) % kLengthBytes, ' ');
  const std::uint64_t length = text.size();
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(&length), kLengthBytes);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  for (const at::Tensor& tensor : tensors) {
    file.write(static_cast<const char*>(tensor.const_data_ptr()), static_cast<std::streamsize>(tensor.nbytes()));
  }
  file.close();
  if (!file) fail(path, std::string("cannot be written: ") + std::strerror(errno));
}

}  // namespace

void save_safetensors(const std::filesystem::path& path, const Layout& layout, const at::Tensor& parameters,
                      const at::Tensor& buffers) {
  Json header = Json::object();
  std::vector<at::Tensor> tensors;
  std::int64_t end = 0;
  for (const auto& [name, view] : named(layout, parameters.cpu(), buffers.cpu())) {
    const at::Tensor tensor = view.contiguous();
    const auto begin = end;
    end += static_cast<std::int64_t>(tensor.nbytes());
    header[name] = {{"dtype", tensor.scalar_type() == at::kDouble ? "F64" : "F32"},
                    {"shape", tensor.sizes().vec()},
                    {"data_offsets", {begin, end}}};
    tensors.push_back(tensor);
  }
  const std::filesystem::path part = path.string() + ".part";
  try {
    write(part, header, tensors);
    std::filesystem::rename(part, path);
  } catch (const std::filesystem::filesystem_error& error) {
    std::filesystem::remove(part);
    fail(path, "cannot be written: " + error.code().message());
  } catch (const DataError&) {
    std::error_code ignored;
    std::filesystem::remove(part, ignored);
    throw;
  }
}

void load_safetensors(const std::filesystem::path& path, const Layout& layout, const at::Tensor& parameters,
                      const at::Tensor& buffers) {
  File file(path);
  const at::Tensor read_parameters = at::empty_like(parameters, at::kCPU);
  const at::Tensor read_buffers = at::empty_like(buffers, at::kCPU);
  for (const auto& [name, view] : named(layout, read_parameters, read_buffers)) {
    view.copy_(file.tensor(name, view.sizes().vec()));
  }
  file.finish();
  parameters.copy_(read_parameters);
  buffers.copy_(read_buffers);
}

}  // namespace sac
