#include "results/query.h"

#include <sqlite3.h>

#include <memory>

#include "engine/core/error.h"
#include "engine/core/value.h"
#include "results/csv.h"
#include "results/schema.h"
#include "results/text_table.h"

namespace sac {
namespace {

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Prepared = std::unique_ptr<sqlite3_stmt, Finalize>;

[[noreturn]] void refuse(const Database& database) {
  throw UsageError("query: " + std::string(sqlite3_errmsg(database.handle())));
}

Prepared prepare(const Database& database, const std::string& sql) {
  sqlite3_stmt* raw = nullptr;
  const char* rest = nullptr;
  const int code = sqlite3_prepare_v2(database.handle(), sql.c_str(), static_cast<int>(sql.size()), &raw, &rest);
  Prepared statement(raw);
  if (code != SQLITE_OK) refuse(database);
  if (statement == nullptr) throw UsageError("query: there is no statement; give e.g. \"SELECT * FROM v_runs\"");
  if (std::string(rest).find_first_not_of(" \t\r\n;") != std::string::npos) {
    throw UsageError("query: takes one statement, got more after '" +
                     sql.substr(0, static_cast<std::size_t>(rest - sql.c_str())) + "'");
  }
  if (sqlite3_stmt_readonly(raw) == 0) throw UsageError("query: only reads; this statement would write");
  return statement;
}

Json value_of(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER: return sqlite3_column_int64(statement, column);
    case SQLITE_FLOAT: return json_number(sqlite3_column_double(statement, column));
    case SQLITE_NULL: return nullptr;
    default: break;
  }
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
  return bytes == nullptr ? "" : std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement, column)));
}

std::string plain(const Json& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return value.get<std::string>();
  return value.is_number_float() ? shortest(value.get<double>()) : value.dump();
}

}  // namespace

QueryResult run_query(const std::filesystem::path& path, const std::string& sql) {
  Database database = open_for_reading(path);
  database.execute("PRAGMA query_only = ON");
  const Prepared statement = prepare(database, sql);
  QueryResult result;
  const int columns = sqlite3_column_count(statement.get());
  for (int column = 0; column < columns; ++column)
    result.columns.emplace_back(sqlite3_column_name(statement.get(), column));
  int code = sqlite3_step(statement.get());
  for (; code == SQLITE_ROW; code = sqlite3_step(statement.get())) {
    auto& row = result.rows.emplace_back();
    for (int column = 0; column < columns; ++column) row.push_back(value_of(statement.get(), column));
  }
  if (code != SQLITE_DONE) refuse(database);
  return result;
}

std::string query_text(const QueryResult& result, bool color) {
  if (result.columns.empty()) return "";
  TextTable table(result.columns);
  for (std::size_t column = 0; column < result.columns.size(); ++column) {
    if (!result.rows.empty() && result.rows.front()[column].is_string()) table.left(column);
  }
  for (const auto& row : result.rows) {
    Strings cells;
    for (const Json& value : row) cells.push_back(plain(value));
    table.add(cells);
  }
  return table.text(color);
}

std::string query_csv(const QueryResult& result) {
  Strings header;
  for (const std::string& column : result.columns) header.push_back(csv_field(column));
  std::string text = join(header, ",") + "\n";
  for (const auto& row : result.rows) {
    Strings cells;
    for (const Json& value : row) cells.push_back(csv_field(plain(value)));
    text += join(cells, ",") + "\n";
  }
  return text;
}

std::string query_json(const QueryResult& result) {
  Json list = Json::array();
  for (const auto& row : result.rows) {
    Json object = Json::object();
    for (std::size_t column = 0; column < row.size(); ++column) object[result.columns[column]] = row[column];
    list.push_back(std::move(object));
  }
  return json_text(list);
}

}  // namespace sac
