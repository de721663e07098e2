#include "results/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "engine/core/error.h"

namespace sac {
namespace {

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& reason) {
  throw UsageError("cannot write '" + path.string() + "': " + reason);
}

/// 0, or errno.
int write_all(const char* file, int flags, std::string_view content) {
  const int descriptor = open(file, O_WRONLY | O_CLOEXEC | flags, 0666);
  if (descriptor < 0) return errno;
  int failure = 0;
  while (!content.empty() && failure == 0) {
    const ssize_t written = write(descriptor, content.data(), content.size());
    if (written >= 0) {
      content.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      failure = errno;
    }
  }
  if (close(descriptor) != 0 && failure == 0) failure = errno;
  return failure;
}

}  // namespace

void write_file_atomically(const std::filesystem::path& path,
                           const std::function<void(const std::filesystem::path& temporary)>& write) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) refuse(path, "it is a folder");
  const std::filesystem::path target = std::filesystem::weakly_canonical(path, ignored);
  if (std::filesystem::exists(target, ignored) && access(target.c_str(), W_OK) != 0) refuse(path, std::strerror(errno));
  if (!std::filesystem::is_directory(std::filesystem::absolute(target).parent_path(), ignored)) {
    refuse(path, std::strerror(ENOENT));
  }
  const std::filesystem::path temporary = target.string() + ".tmp-" + std::to_string(getpid());
  try {
    std::filesystem::remove(temporary, ignored);
    write(temporary);
    if (rename(temporary.c_str(), target.c_str()) != 0) refuse(path, std::strerror(errno));
  } catch (...) {
    std::filesystem::remove(temporary, ignored);
    throw;
  }
}

void write_atomically(const std::filesystem::path& path, std::string_view content) {
  std::error_code ignored;
  const bool is_device = std::filesystem::exists(path, ignored) && !std::filesystem::is_regular_file(path, ignored);
  const auto write = [&](const std::filesystem::path& file, int flags) {
    const int failure = write_all(file.c_str(), flags, content);
    if (failure != 0) refuse(path, std::strerror(failure));
  };
  if (is_device && !std::filesystem::is_directory(path, ignored)) return write(path, 0);
  write_file_atomically(path, [&](const std::filesystem::path& temporary) { write(temporary, O_CREAT | O_TRUNC); });
}

}  // namespace sac
