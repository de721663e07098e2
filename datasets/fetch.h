#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "datasets/dataset.h"

namespace sac {

/// Called now and then during a transfer: what, bytes so far, bytes in all (0 = unknown).
using TransferProgress = std::function<void(const std::string& name, std::int64_t done, std::int64_t total)>;

/// Throws DataError when a file is not what it should be.
using FileCheck = std::function<void(const std::filesystem::path&)>;

/// Downloads to `target` over http, https or file, through the proxies of the environment. Writes to "TARGET.part",
/// goes on where an earlier attempt stopped, and gives it its final name only after `check` has accepted it. A
/// connection that fails within 15 s or stalls for 30 s is given up.
/// @throws DataError  cannot be reached, refused, cut off (the part is kept for the next attempt), or refused by
/// `check`.
void download(const std::string& url, const std::filesystem::path& target, const FileCheck& check,
              const TransferProgress& progress = {});

/// @throws DataError  the file's SHA-256 is not `sha256`.
void check_sha256(const std::filesystem::path& path, const std::string& sha256);

/// Address of a mirror as it stands, or file:// address of a folder; ends in '/'.
/// @throws DataError  neither an address nor a folder.
std::string mirror_address(const std::string& url_or_folder);

/// Brings all files of a data set into `root`/NAME; what is there and right already is not fetched again.
/// @param mirrors  base addresses, tried in order for each file.
/// @return the number of files downloaded.
/// @throws DataError  no mirror could give a file (each one's reason), or other files in `root` hide the fetched ones.
int fetch_files(const DatasetEntry& entry, const Strings& mirrors, const std::filesystem::path& root,
                const TransferProgress& progress = {});

}  // namespace sac
