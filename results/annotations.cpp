#include "results/annotations.h"

#include "engine/core/error.h"
#include "results/schema.h"

namespace sac {
namespace {

Database opened(const std::filesystem::path& path, Annotations::Access access) {
  if (access == Annotations::Access::kRead) return open_for_reading(path);
  if (!std::filesystem::exists(path)) throw StoreError("no database '" + path.string() + "'");
  return open_for_writing(path);
}

}  // namespace

Annotations::Annotations(const std::filesystem::path& path, Access access)
    : database_(opened(path, access)), there_(has_table(database_, "tags")) {}

std::vector<std::string> Annotations::tags(std::int64_t run) {
  std::vector<std::string> found;
  if (!there_) return found;
  Statement select(database_, "SELECT tag FROM tags WHERE run = ? ORDER BY tag");
  select.bind(run);
  while (select.step()) found.push_back(select.text(0));
  return found;
}

std::string Annotations::note(std::int64_t run) {
  if (!there_) return "";
  Statement select(database_, "SELECT note FROM notes WHERE run = ?");
  return select.bind(run).step() ? select.text(0) : "";
}

std::map<std::int64_t, std::vector<std::string>> Annotations::all_tags() {
  std::map<std::int64_t, std::vector<std::string>> found;
  if (!there_) return found;
  Statement select(database_, "SELECT run, tag FROM tags ORDER BY run, tag");
  while (select.step()) found[select.integer(0)].push_back(select.text(1));
  return found;
}

void Annotations::tag(std::int64_t run, std::span<const std::string> tags) {
  Transaction transaction(database_);
  Statement insert(database_, "INSERT OR IGNORE INTO tags VALUES (?, ?)");
  for (const std::string& tag : tags) {
    if (tag.empty() || tag.find_first_of(" ,\t\r\n") != std::string::npos) {
      throw UsageError("tag '" + tag + "' must be one word without commas");
    }
    insert.bind(run).bind(std::string_view(tag)).run();
  }
  transaction.commit();
}

void Annotations::untag(std::int64_t run, std::span<const std::string> tags) {
  Transaction transaction(database_);
  Statement erase(database_, "DELETE FROM tags WHERE run = ? AND tag = ?");
  for (const std::string& tag : tags) {
    const std::vector<std::string> there = this->tags(run);
    erase.bind(run).bind(std::string_view(tag)).run();
    if (database_.changes() == 0) throw UsageError(unknown_name("tag of run " + std::to_string(run), tag, there));
  }
  transaction.commit();
}

void Annotations::set_note(std::int64_t run, const std::string& note) {
  Transaction transaction(database_);
  Statement update(database_, note.empty() ? "DELETE FROM notes WHERE run = ? AND ? = ''"
                                           : "INSERT OR REPLACE INTO notes VALUES (?, ?)");
  update.bind(run).bind(std::string_view(note)).run();
  transaction.commit();
}

}  // namespace sac
