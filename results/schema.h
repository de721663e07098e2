#pragma once
#include <cstdint>
#include <filesystem>

#include "results/database.h"

namespace sac {

/// Marks a file as ours ("SACT"), and the layout this program writes.
inline constexpr std::int32_t kApplicationId = 0x53414354;
inline constexpr std::int32_t kSchemaVersion = 3;

/// Seconds without a heartbeat after which the views show a RUNNING run as CRASHED.
inline constexpr int kStaleHeartbeatS = 15;

/// Opens a database for writing and creates its tables when it is new. A rollback journal, not WAL: the database stays
/// one file that can be copied, mailed, or read from a read-only place, and it works on network file systems.
/// A database of an older version gets the tables it lacks.
/// @throws StoreError  foreign, newer, damaged or read-only file.
Database open_for_writing(const std::filesystem::path& path);

/// Opens an existing database; writable where permitted, so that crashed runs can be marked and missing tables made. A
/// read-only database of an older version stays as it is: see has_table.  @throws StoreError  as above.
Database open_for_reading(const std::filesystem::path& path);

/// False in a read-only database that is older than the table.
bool has_table(Database& database, const char* table);

}  // namespace sac
