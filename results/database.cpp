#include "results/database.h"

#include <unistd.h>

#include <cmath>
#include <limits>

#include "engine/core/error.h"

namespace sac {
namespace {

constexpr int kBusyTimeoutMs = 60'000;

int open_flags(Database::Access access) {
  switch (access) {
    case Database::Access::kReadOnly: return SQLITE_OPEN_READONLY;
    case Database::Access::kReadWrite: return SQLITE_OPEN_READWRITE;
    case Database::Access::kCreate: return SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  }
  return SQLITE_OPEN_READONLY;
}

void check_place(const std::filesystem::path& path, Database::Access access) {
  std::error_code ignored;
  const std::string file = path.string();
  if (std::filesystem::is_directory(path, ignored)) {
    throw StoreError("cannot open database '" + file + "': it is a folder");
  }
  if (access != Database::Access::kCreate) {
    if (!std::filesystem::exists(path, ignored)) throw StoreError("no database '" + file + "'");
    return;
  }
  const std::filesystem::path folder = std::filesystem::absolute(path).parent_path();
  const std::string place = "cannot write database '" + file + "': ";
  if (!std::filesystem::is_directory(folder, ignored)) throw StoreError(place + "no folder '" + folder.string() + "'");
  if (::access(folder.c_str(), W_OK) != 0) {  // the journal lies there
    throw StoreError(place + "folder '" + folder.string() + "' is read-only");
  }
}

std::string explain(int code, const char* detail) {
  switch (code & 0xff) {
    case SQLITE_NOTADB: return " is not a sactool database (it is not an SQLite file)";
    case SQLITE_CORRUPT: return " is damaged (" + std::string(detail) + ")";
    case SQLITE_FULL: return " cannot grow: the disk is full";
    case SQLITE_READONLY: return " is read-only";
    case SQLITE_BUSY: return " is locked by another process";
    case SQLITE_CANTOPEN: return " cannot be opened, or its folder cannot be written";
    default: return ": " + std::string(detail);
  }
}

}  // namespace

Database::Database(const std::filesystem::path& path, Access access) : file_(path.string()) {
  check_place(path, access);
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(file_.c_str(), &raw, open_flags(access) | SQLITE_OPEN_NOMUTEX, nullptr);
  handle_.reset(raw);
  if (code != SQLITE_OK) fail(code);
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_busy_timeout(raw, kBusyTimeoutMs);
  execute("PRAGMA foreign_keys = ON");
}

void Database::execute(const char* sql) {
  const int code = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code);
}

std::int64_t Database::integer(const char* sql) {
  Statement statement(*this, sql);
  return statement.step() ? statement.integer(0) : 0;
}

bool Database::read_only() const { return sqlite3_db_readonly(handle_.get(), "main") == 1; }
std::int64_t Database::last_insert_id() const { return sqlite3_last_insert_rowid(handle_.get()); }
std::int64_t Database::changes() const { return sqlite3_changes64(handle_.get()); }

void Database::fail(int code) const {
  const char* detail = handle_ ? sqlite3_errmsg(handle_.get()) : sqlite3_errstr(code);
  throw StoreError("database '" + file_ + "'" + explain(code, detail));
}

Statement::Statement(Database& database, std::string_view sql) : database_(database) {
  sqlite3_stmt* raw = nullptr;
  check(sqlite3_prepare_v2(database.handle(), sql.data(), static_cast<int>(sql.size()), &raw, nullptr));
  statement_.reset(raw);
}

Statement& Statement::bind(std::int64_t value) {
  check(sqlite3_bind_int64(statement_.get(), ++bound_, value));
  return *this;
}

Statement& Statement::bind(double value) {
  if (std::isnan(value)) return bind(std::string_view("nan"));
  check(sqlite3_bind_double(statement_.get(), ++bound_, value));
  return *this;
}

Statement& Statement::bind(std::string_view value) {
  check(sqlite3_bind_text64(statement_.get(), ++bound_, value.data() == nullptr ? "" : value.data(), value.size(),
                            SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}

Statement& Statement::bind(const std::optional<double>& value) {
  if (value) return bind(*value);
  check(sqlite3_bind_null(statement_.get(), ++bound_));
  return *this;
}

Statement& Statement::bind(const std::optional<std::int64_t>& value) {
  if (value) return bind(*value);
  check(sqlite3_bind_null(statement_.get(), ++bound_));
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) check(code);
  return false;
}

void Statement::run() {
  while (step()) {
  }
  reset();
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
  bound_ = 0;
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }

double Statement::number(int column) const { return maybe_number(column).value_or(0.0); }

std::optional<double> Statement::maybe_number(int column) const {
  switch (sqlite3_column_type(statement_.get(), column)) {
    case SQLITE_NULL: return std::nullopt;
    case SQLITE_TEXT: return std::numeric_limits<double>::quiet_NaN();
    default: return sqlite3_column_double(statement_.get(), column);
  }
}

std::optional<std::int64_t> Statement::maybe_integer(int column) const {
  if (sqlite3_column_type(statement_.get(), column) == SQLITE_NULL) return std::nullopt;
  return integer(column);
}

std::string Statement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  if (bytes == nullptr) return "";
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

void Statement::check(int code) const {
  if (code != SQLITE_OK) database_.fail(code);
}

Transaction::Transaction(Database& database) : database_(database) { database_.execute("BEGIN IMMEDIATE"); }

Transaction::~Transaction() {
  if (open_) sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit() {
  database_.execute("COMMIT");
  open_ = false;
}

}  // namespace sac
