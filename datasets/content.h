#pragma once
#include <cstddef>
#include <filesystem>
#include <future>
#include <memory>
#include <string>

#include "datasets/dataset.h"
#include "engine/core/sha256.h"

struct gzFile_s;

namespace sac {

/// Reads a plain or gzip-compressed file from front to end and checks that it holds exactly what is expected: the
/// number of bytes, the checksum of the compression, the SHA-256. Hashing overlaps decompression.
class ContentReader {
 public:
  /// @throws DataError  the file cannot be opened.
  ContentReader(std::filesystem::path path, const DataFile& expected);

  /// The next `size` bytes.  @throws DataError  truncated or not decompressible.
  void read(void* to, std::size_t size);

  /// To be called after all bytes are read.  @return the SHA-256 hex of them.
  /// @throws DataError  more bytes follow, or the hash is not the expected one, where one is.
  std::string finish();

  /// DataError "PATH: WHAT".
  [[noreturn]] void fail(const std::string& what) const;

 private:
  struct Closer {
    void operator()(gzFile_s* file) const;
  };

  std::size_t read_some(void* to, std::size_t size);

  std::filesystem::path path_;
  DataFile expected_;
  std::unique_ptr<gzFile_s, Closer> file_;
  std::int64_t done_ = 0;
  Sha256 hash_;
  std::future<void> hashing_;
};

/// Reads the whole file for its hash.  @throws DataError  it is not `expected`.
void verify_content(const std::filesystem::path& path, const DataFile& expected);

/// SHA-256 hex of a file as it lies on disk.  @throws DataError  it cannot be read.
std::string file_sha256(const std::filesystem::path& path);

/// The whole of a file of the user's.  @param key  that names it, for messages.  @throws DataError  it cannot be read.
std::string read_users_file(const std::string& key, const std::string& path);

}  // namespace sac
