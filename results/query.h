#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "results/json.h"

namespace sac {

/// Rows of one question. Numbers are numbers, text is text, absent values are null.
struct QueryResult {
  std::vector<std::string> columns;
  std::vector<std::vector<Json>> rows;
};

/// Asks a database with one SELECT; nothing can be changed.
/// @throws UsageError  not one statement, one that would write, or SQLite's own complaint; StoreError  no database.
QueryResult run_query(const std::filesystem::path& path, const std::string& sql);

/// Aligned columns for a reader; RFC 4180; a list of objects.
std::string query_text(const QueryResult& result, bool color);
std::string query_csv(const QueryResult& result);
std::string query_json(const QueryResult& result);

}  // namespace sac
