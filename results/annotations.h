#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "results/database.h"

namespace sac {

/// What a reader says of runs: tags and a note each. They are no part of a run's identity.
class Annotations {
 public:
  enum class Access { kRead, kWrite };
  /// @throws StoreError  no database, or none that can be written (kWrite).
  Annotations(const std::filesystem::path& path, Access access);

  /// Sorted.
  [[nodiscard]] std::vector<std::string> tags(std::int64_t run);
  /// "" = none.
  [[nodiscard]] std::string note(std::int64_t run);
  /// Tags of all runs that have any.
  [[nodiscard]] std::map<std::int64_t, std::vector<std::string>> all_tags();

  /// @throws UsageError  an empty tag, or one with spaces or commas.
  void tag(std::int64_t run, std::span<const std::string> tags);
  /// @throws UsageError  it has no such tag, with those it has.
  void untag(std::int64_t run, std::span<const std::string> tags);
  /// "" removes it.
  void set_note(std::int64_t run, const std::string& note);

 private:
  Database database_;
  bool there_;  ///< the tables
};

}  // namespace sac
