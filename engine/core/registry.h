#pragma once
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/value.h"

namespace sac {

/// Named entries that register themselves at start-up, one registry an `Entry` type (it has a `name` member and a
/// static `kThing`, e.g. "strategy"). Filled before `main`, read-only after: safe to read from any thread.
template <class Entry>
class Registry {
 public:
  static Registry& instance() {
    static Registry registry;
    return registry;
  }

  void add(Entry entry) {
    const std::string name = entry.name;
    if (!entries_.emplace(name, std::move(entry)).second) {
      throw std::logic_error(std::string(Entry::kThing) + " '" + name + "' is registered twice");
    }
  }

  /// @throws ConfigError  unknown name, with the nearest and all choices.
  [[nodiscard]] const Entry& at(std::string_view name) const {
    const auto found = entries_.find(std::string(name));
    if (found == entries_.end()) throw ConfigError(unknown_name(Entry::kThing, name, names()));
    return found->second;
  }

  [[nodiscard]] Strings names() const {
    Strings names;
    for (const auto& [name, entry] : entries_) names.push_back(name);
    return names;
  }

  [[nodiscard]] const std::map<std::string, Entry>& entries() const { return entries_; }

 private:
  std::map<std::string, Entry> entries_;
};

/// `const Register<StrategyEntry> registered{{.name = "sync_sgd", ...}};` at namespace scope of one .cpp.
template <class Entry>
struct Register {
  explicit Register(Entry entry) { Registry<Entry>::instance().add(std::move(entry)); }
};

}  // namespace sac
