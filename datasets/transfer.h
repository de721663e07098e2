#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

#include "datasets/fetch.h"

namespace sac {

enum class TransferState {
  kDone,
  kCut,           ///< the connection broke or stalled: trying again may help
  kCannotResume,  ///< the server does not go on from the middle, or has nothing more
  kFailed,
};

struct TransferResult {
  TransferState state = TransferState::kDone;
  std::string problem;  ///< one line, empty when done
};

/// One request: appends what lies at `url` from byte `from` on to the file `part`, which is `from` bytes long.
TransferResult transfer(const std::string& url, const std::filesystem::path& part, std::int64_t from,
                        const TransferProgress& progress);

/// file:// address of an absolute path.
std::string file_address(const std::filesystem::path& path);

}  // namespace sac
