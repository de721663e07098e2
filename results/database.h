#pragma once
#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sac {

/// One connection to an SQLite file. Movable, one thread at a time. Every failure is a StoreError that names the file.
class Database {
 public:
  enum class Access { kReadOnly, kReadWrite, kCreate };

  /// @throws StoreError  missing, a folder, not an SQLite file, not permitted.
  Database(const std::filesystem::path& path, Access access);

  /// Runs one or more statements without results.  @throws StoreError
  void execute(const char* sql);
  /// The integer in the first row and column of `sql`; 0 without a row.  @throws StoreError
  [[nodiscard]] std::int64_t integer(const char* sql);
  [[nodiscard]] bool read_only() const;
  [[nodiscard]] std::int64_t last_insert_id() const;
  /// Rows changed by the last statement.
  [[nodiscard]] std::int64_t changes() const;
  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] sqlite3* handle() const { return handle_.get(); }

  /// @throws StoreError  for SQLite's result `code`, always.
  [[noreturn]] void fail(int code) const;

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  std::string file_;
  std::unique_ptr<sqlite3, Close> handle_;
};

/// One prepared statement. Parameters are bound in order, columns read by index from 0.
/// Doubles: NaN is stored as the text 'nan' (SQLite itself would turn it into NULL), infinities as REAL, absent as
/// NULL.
class Statement {
 public:
  Statement(Database& database, std::string_view sql);

  Statement& bind(std::int64_t value);
  Statement& bind(double value);
  Statement& bind(std::string_view value);
  Statement& bind(const std::optional<double>& value);
  Statement& bind(const std::optional<std::int64_t>& value);

  /// True while there is a row.  @throws StoreError
  bool step();
  /// Runs to the end and makes the statement ready for the next set of parameters.  @throws StoreError
  void run();
  /// Ready for the next set of parameters.
  void reset();

  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] double number(int column) const;  ///< NULL reads as 0
  [[nodiscard]] std::optional<double> maybe_number(int column) const;
  [[nodiscard]] std::optional<std::int64_t> maybe_integer(int column) const;
  [[nodiscard]] std::string text(int column) const;

 private:
  void check(int code) const;

  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  Database& database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bound_ = 0;
};

/// BEGIN IMMEDIATE ... COMMIT; rolled back unless committed.
class Transaction {
 public:
  explicit Transaction(Database& database);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();
  /// @throws StoreError
  void commit();

 private:
  Database& database_;
  bool open_ = true;
};

}  // namespace sac
