#include "results/report.h"

#include <iostream>
#include <memory>

#include "cli/command.h"
#include "cli/db_option.h"
#include "results/atomic_file.h"

namespace sac {
namespace {

struct ReportFlags {
  std::string database;
  std::string output;
  std::string format;
  std::string title;
  CompareRequest request;
};

const ReportFormat& chosen_format(const ReportFlags& flags) {
  if (!flags.format.empty()) return report_format(flags.format);
  if (flags.output == "-") throw UsageError("-o - needs --format: " + report_format_names());
  return report_format_of(flags.output);
}

ExitCode run_report(const ReportFlags& flags, const Globals& globals) {
  const ReportFormat& format = chosen_format(flags);
  if (flags.output == "-" && format.render == nullptr) {
    throw UsageError(std::string("-o -: the format ") + format.name + " cannot go to stdout; name a file or folder");
  }
  CompareRequest request = flags.request;
  request.suggest_target = format.suggests_target;
  const Store store = Store::open(flags.database, Store::Mode::kRead);
  const ReportData data = collect_report(store, request, flags.title, format.curve_groups);
  if (flags.output == "-") {
    std::cout << format.render(store, data);
    return ExitCode::kOk;
  }
  if (format.write != nullptr) {
    format.write(store, data, flags.output);
  } else {
    write_atomically(flags.output, format.render(store, data));
  }
  if (!globals.quiet) std::cerr << "wrote " << flags.output << " (" << data.comparison.runs.size() << " runs)\n";
  return ExitCode::kOk;
}

std::function<ExitCode()> add_report(CLI::App& sub, const Globals& globals) {
  const auto flags = std::make_shared<ReportFlags>();
  sub.add_option("run", flags->request.words,
                 "Runs (number, name, key prefix), groups (strategy, label) or sweeps; none = all")
      ->type_name("RUN|GROUP|SWEEP");
  sub.add_option("-o,--output", flags->output, "File to write; its ending names the format; - = stdout")
      ->required()
      ->type_name("FILE");
  std::string formats;
  for (const ReportFormat& format : report_formats()) {
    formats += (formats.empty() ? "" : ", ") + std::string(format.name) + " (" + format.doc + ")";
  }
  sub.add_option("--format", flags->format, formats)->type_name("FORMAT");
  add_db_option(sub, flags->database);
  sub.add_option("--title", flags->title, "Headline [made from the strategies]")->type_name("TEXT");
  sub.add_option("--baseline", flags->request.baseline, "Group that the others are held against [the first]")
      ->type_name("GROUP");
  sub.add_option("--target", flags->request.target, "Also show time and bytes to this accuracy, e.g. 0.85")
      ->type_name("ACC");
  return [flags, &globals] { return run_report(*flags, globals); };
}

const Register<CommandEntry> registered{
    {.name = "report",
     .order = 40,
     .summary = "Write a report of runs: html, svg, tex, csv, json, MLflow, TensorBoard, ...",
     .add = add_report}};

}  // namespace
}  // namespace sac
