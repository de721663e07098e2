#include "results/query.h"

#include <iostream>
#include <memory>

#include "cli/command.h"
#include "cli/db_option.h"

namespace sac {
namespace {

constexpr const char* kExamples =
    "  sactool query \"SELECT strategy, avg(accuracy) FROM v_runs WHERE status = 'FINISHED' GROUP BY 1\"\n"
    "  sactool query --csv \"SELECT step, value FROM v_metrics WHERE run = 3 AND series = 'accuracy'\"\n"
    "\n"
    "Views: v_runs (a row a run), v_metrics (a row a point), v_groups (means over seeds), v_sweeps.";

struct QueryFlags {
  std::string database;
  std::string sql;
  bool json = false;
  bool csv = false;
};

std::function<ExitCode()> add_query(CLI::App& sub, const Globals& globals) {
  const auto flags = std::make_shared<QueryFlags>();
  sub.footer(kExamples);
  sub.add_option("sql", flags->sql, "One SELECT")->required()->type_name("SELECT");
  add_db_option(sub, flags->database);
  CLI::Option* json = sub.add_flag("--json", flags->json, "Print a JSON array");
  sub.add_flag("--csv", flags->csv, "Print CSV")->excludes(json);
  return [flags, &globals] {
    const QueryResult result = run_query(flags->database, flags->sql);
    std::cout << (flags->json  ? query_json(result)
                  : flags->csv ? query_csv(result)
                               : query_text(result, globals.color));
    return ExitCode::kOk;
  };
}

const Register<CommandEntry> registered{
    {.name = "query", .order = 55, .summary = "Ask the database with a SELECT", .add = add_query}};

}  // namespace
}  // namespace sac
