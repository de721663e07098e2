#include "datasets/content.h"

#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <vector>

#include "engine/core/error.h"

namespace sac {
namespace {

constexpr std::size_t kChunk = std::size_t{4} << 20;
constexpr std::size_t kFirstRead = std::size_t{1} << 17;

/// "; it is mnist's t10k-labels-idx1-ubyte" when the content is that of a file some data set knows, otherwise "".
std::string known_as(const std::string& sha256) {
  for (const auto& [name, entry] : Registry<DatasetEntry>::instance().entries()) {
    for (const DataFile& file : entry.files) {
      if (file.sha256 == sha256) return "; it is " + name + "'s " + file.name;
    }
  }
  return "";
}

}  // namespace

void ContentReader::Closer::operator()(gzFile_s* file) const { gzclose_r(file); }

ContentReader::ContentReader(std::filesystem::path path, const DataFile& expected)
    : path_(std::move(path)), expected_(expected), file_(gzopen(path_.c_str(), "rb")) {
  if (!file_) fail(std::string("cannot be opened: ") + std::strerror(errno));
  gzbuffer(file_.get(), 1U << 18);
}

void ContentReader::fail(const std::string& what) const { throw DataError(path_.string() + ": " + what); }

std::size_t ContentReader::read_some(void* to, std::size_t size) {
  const int got = gzread(file_.get(), to, static_cast<unsigned>(size));
  int code = Z_OK;
  const char* problem = gzerror(file_.get(), &code);
  if (got >= 0 && code == Z_OK) return static_cast<std::size_t>(got);
  const std::string what = code == Z_ERRNO ? std::strerror(errno) : problem;
  fail("truncated or corrupt after " + std::to_string(done_ + std::max(got, 0)) + " of " +
       std::to_string(expected_.bytes) + " unpacked bytes (" + what + ")");
}

void ContentReader::read(void* to, std::size_t size) {
  auto* bytes = static_cast<unsigned char*>(to);
  while (size > 0) {
    const std::size_t wanted = std::min(size, kChunk);
    const std::size_t got = read_some(bytes, wanted);
    done_ += static_cast<std::int64_t>(got);
    if (got < wanted) {
      fail("truncated: it holds " + std::to_string(done_) + " bytes, expected " + std::to_string(expected_.bytes));
    }
    if (hashing_.valid()) hashing_.get();
    hashing_ = std::async(got < kChunk / 64 ? std::launch::deferred : std::launch::async,
                          [this, bytes, got] { hash_.update(bytes, got); });
    bytes += got;
    size -= got;
  }
  if (hashing_.valid()) hashing_.get();
}

std::string ContentReader::finish() {
  char extra = 0;
  if (read_some(&extra, 1) != 0) {
    fail("too long: it holds more than the expected " + std::to_string(expected_.bytes) + " bytes");
  }
  std::string found = hash_.hex();
  if (!expected_.sha256.empty() && found != expected_.sha256) {
    fail("is not the expected " + expected_.name + ": its content has SHA-256 " + found + ", expected " +
         expected_.sha256 + known_as(found));
  }
  return found;
}

void verify_content(const std::filesystem::path& path, const DataFile& expected) {
  ContentReader reader(path, expected);
  std::vector<char> buffer(std::min(static_cast<std::size_t>(expected.bytes), 2 * kChunk));
  for (auto left = static_cast<std::size_t>(expected.bytes); left > 0;) {
    const std::size_t size = std::min(left, buffer.size());
    reader.read(buffer.data(), size);
    left -= size;
  }
  reader.finish();
}

std::string file_sha256(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<char> buffer(std::size_t{1} << 20);
  Sha256 hash;
  while (file.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || file.gcount() > 0) {
    hash.update(buffer.data(), static_cast<std::size_t>(file.gcount()));
  }
  if (!file.eof()) throw DataError(path.string() + ": cannot be read");
  return hash.hex();
}

std::string read_users_file(const std::string& key, const std::string& path) {
  if (std::filesystem::is_directory(path)) throw DataError(key + " '" + path + "' is a folder, not a file");
  std::ifstream file(path, std::ios::binary);
  if (!file) throw DataError(key + " '" + path + "' cannot be read: " + std::strerror(errno));
  std::string bytes;
  std::size_t size = 0;
  do {
    bytes.resize(size + std::max(kFirstRead, size));
    file.read(bytes.data() + size, static_cast<std::streamsize>(bytes.size() - size));
    size += static_cast<std::size_t>(file.gcount());
  } while (size == bytes.size());
  bytes.resize(size);
  return bytes;
}

}  // namespace sac
