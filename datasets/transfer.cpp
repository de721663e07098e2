#include "datasets/transfer.h"

#include <curl/curl.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace sac {
namespace {

constexpr long kConnectSeconds = 15;
constexpr long kStallSeconds = 30;

struct Transfer {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file;
  int write_error = 0;
  std::int64_t from = 0;
  std::string name;
  const TransferProgress* progress = nullptr;
};

std::size_t on_data(const char* data, std::size_t, std::size_t size, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::size_t written = std::fwrite(data, 1, size, transfer.file.get());
  if (written < size) transfer.write_error = errno;
  return written;
}

int on_progress(void* user, curl_off_t total, curl_off_t done, curl_off_t, curl_off_t) {
  const auto& transfer = *static_cast<const Transfer*>(user);
  if (*transfer.progress && done > 0) {
    (*transfer.progress)(transfer.name, transfer.from + done, total > 0 ? transfer.from + total : 0);
  }
  return 0;
}

void set_options(CURL* curl, const std::string& url, Transfer& transfer, char* problem) {
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, problem);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "sactool");
  curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 10L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, kStallSeconds);
  curl_easy_setopt(curl, CURLOPT_RESUME_FROM_LARGE, static_cast<curl_off_t>(transfer.from));
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
}

TransferState state_of(CURLcode code, long status) {
  switch (code) {
    case CURLE_OK: return TransferState::kDone;
    case CURLE_PARTIAL_FILE:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_RECV_ERROR: return TransferState::kCut;
    case CURLE_RANGE_ERROR:
    case CURLE_BAD_DOWNLOAD_RESUME: return TransferState::kCannotResume;
    default: return status == 416 ? TransferState::kCannotResume : TransferState::kFailed;
  }
}

/// The easy handle; libcurl's global state is set up once, before the first.
std::unique_ptr<CURL, void (*)(CURL*)> make_handle() {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  return {ready == CURLE_OK ? curl_easy_init() : nullptr, curl_easy_cleanup};
}

}  // namespace

TransferResult transfer(const std::string& url, const std::filesystem::path& part, std::int64_t from,
                        const TransferProgress& progress) {
  const auto curl = make_handle();
  if (!curl) return {TransferState::kFailed, "libcurl cannot be set up"};
  Transfer work{.file = {std::fopen(part.c_str(), from > 0 ? "ab" : "wb"), std::fclose},
                .from = from,
                .name = url.substr(url.rfind('/') + 1),
                .progress = &progress};
  if (!work.file) return {TransferState::kFailed, "cannot write " + part.string() + ": " + std::strerror(errno)};
  std::array<char, CURL_ERROR_SIZE> problem{};
  set_options(curl.get(), url, work, problem.data());
  const CURLcode code = curl_easy_perform(curl.get());
  if (std::fflush(work.file.get()) != 0) work.write_error = errno;
  if (work.write_error != 0) {
    return {TransferState::kFailed, "cannot write " + part.string() + ": " + std::strerror(work.write_error)};
  }
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  const std::string text = problem[0] == 0 ? curl_easy_strerror(code) : problem.data();
  return {state_of(code, status), code == CURLE_OK ? "" : text};
}

std::string file_address(const std::filesystem::path& path) {
  std::string address = "file://";
  for (const auto& part : path.relative_path()) {
    char* escaped = curl_easy_escape(nullptr, part.c_str(), 0);
    address += std::string("/") + escaped;
    curl_free(escaped);
  }
  return address;
}

}  // namespace sac
