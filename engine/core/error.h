#pragma once
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace sac {

/// Process exit codes, one a kind of outcome. Stable: scripts rely on them.
enum class ExitCode : int {
  kOk = 0,
  kRunFailed = 1,
  kUsage = 2,
  kSweepFailed = 3,
  kBackend = 4,
  kGate = 5,
  kResumable = 75,
  kInterrupted = 130,
  kTerminated = 143,
};

/// The one base of every error this project throws. The message names the thing, the value got and the values allowed,
/// in one line. Caught once, in `cli/main.cpp`.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  [[nodiscard]] ExitCode exit_code() const { return code_; }

 private:
  ExitCode code_;
};

/// The command line is wrong (exit 2).
struct UsageError : Error {
  explicit UsageError(const std::string& message) : Error(ExitCode::kUsage, message) {}
};
/// A spec or an option is wrong (exit 2).
struct ConfigError : Error {
  explicit ConfigError(const std::string& message) : Error(ExitCode::kUsage, message) {}
};
/// A data file is missing, truncated, swapped or corrupt (exit 2).
struct DataError : Error {
  explicit DataError(const std::string& message) : Error(ExitCode::kUsage, message) {}
};
/// The results database cannot be opened, is foreign, read-only or full (exit 2).
struct StoreError : Error {
  explicit StoreError(const std::string& message) : Error(ExitCode::kUsage, message) {}
};
/// Workers cannot talk to each other: deadlock, dead rank, mismatched collective (exit 1).
struct CommunicationError : Error {
  explicit CommunicationError(const std::string& message) : Error(ExitCode::kRunFailed, message) {}
};
/// A run failed for a reason of its own (exit 1).
struct RunError : Error {
  explicit RunError(const std::string& message) : Error(ExitCode::kRunFailed, message) {}
};

/// The choice nearest to `name` by edit distance, or "" when none is near (distance > max(2, length / 3)).
std::string nearest(std::string_view name, std::span<const std::string> choices);

/// "unknown THING 'NAME'; did you mean 'NEAREST'? choices: a, b, c" (the question only where something is near).
std::string unknown_name(std::string_view thing, std::string_view name, std::span<const std::string> choices);

/// "a, b, c"
std::string join(std::span<const std::string> words, std::string_view separator = ", ");

}  // namespace sac
