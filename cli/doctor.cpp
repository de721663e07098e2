#include <sqlite3.h>

#include <filesystem>
#include <iomanip>
#include <iostream>
#include <memory>
#include <utility>

#include "cli/command.h"
#include "cli/data_dir_option.h"
#include "cli/db_option.h"
#include "datasets/dataset.h"
#include "engine/train/strategy.h"
#include "experiments/build_info.h"
#include "experiments/gpu.h"
#include "experiments/machine.h"
#include "results/format.h"
#include "results/json.h"
#include "results/store.h"

namespace sac {
namespace {

constexpr std::int64_t kLittleMemory = 1'000'000'000;

struct DoctorFlags {
  std::string database;
  std::string data_dir;
  bool json = false;
};

/// What was found, by name, and what may go wrong.
struct Findings {
  Json facts = Json::object();
  Strings warnings;
};

void look_at_build(Findings& findings) {
  const BuildInfo& build = build_info();
  findings.facts["sactool"] = build.version + " (" + build.git_commit + ")";
  findings.facts["libtorch"] = build.libtorch;
  findings.facts["sqlite"] = sqlite3_libversion();
  findings.facts["compiler"] = build.compiler;
  findings.facts["build_type"] = build.build_type;
  if (build.build_type != "Release" || !build.sanitizers.empty()) {
    findings.warnings.push_back("this is no Release build (" + build.build_type +
                                (build.sanitizers.empty() ? "" : ", sanitizers " + build.sanitizers) + "): it is slow");
  }
}

void look_at_machine(Findings& findings) {
  const std::int64_t memory = memory_bytes();
  findings.facts["cpu"] = cpu_model();
  findings.facts["cores"] = usable_cores();
  findings.facts["default_slots"] = usable_cores();
  findings.facts["memory_bytes"] = memory;
  if (memory > 0 && memory < kLittleMemory) findings.warnings.push_back("less than 1 GB of memory");
  if (usable_cores() == 1) findings.warnings.push_back("one core: workers cannot compute side by side");
}

void look_at_cuda(Findings& findings) {
  const GpuReport report = look_for_gpus();
  if (!report.built) {
    findings.facts["cuda"] = "built without CUDA";
    return;
  }
  Json& cuda = findings.facts["cuda"] = Json::object();
  const auto add = [&](const char* name, const std::string& version) {
    cuda[name] = version.empty() ? "unknown" : version;
  };
  add("driver", report.driver.empty() ? "none" : "up to CUDA " + report.driver);
  add("runtime", report.runtime);
  add("cudnn", report.cudnn);
  add("nccl", report.nccl);
  cuda["gpus"] = Json::object();
  if (report.gpus.empty()) cuda["gpus"] = "none";
  for (std::size_t index = 0; index < report.gpus.size(); ++index) {
    const Gpu& gpu = report.gpus[index];
    cuda["gpus"][std::to_string(index)] = {{"name", gpu.name},
                                           {"capability", gpu.capability},
                                           {"memory_bytes", gpu.memory_bytes},
                                           {"multiprocessors", gpu.multiprocessors}};
  }
  if (!report.problem.empty()) findings.warnings.push_back(report.problem);
}

void look_for_data(const DoctorFlags& flags, Findings& findings) {
  Json& sets = findings.facts["data"] = Json::object();
  for (const auto& [name, entry] : Registry<DatasetEntry>::instance().entries()) {
    if (entry.files.empty()) {
      sets[name] = "generated";
      continue;
    }
    const LocatedFiles found = find_files(entry, data_roots({.data_dir = flags.data_dir}));
    sets[name] = found.found() ? found.folder.string() : "not found; sactool data fetch " + name;
    if (!found.found() && name == "fashion_mnist") {
      findings.warnings.push_back("Fashion-MNIST, the default data set, is not here: " +
                                  (entry.package.empty() ? "" : "install " + entry.package + ", or ") +
                                  "sactool data fetch fashion_mnist");
    }
  }
}

void look_at_database(const DoctorFlags& flags, Findings& findings) {
  Json& database = findings.facts["database"] = {{"file", flags.database}};
  std::error_code ignored;
  if (!std::filesystem::exists(flags.database, ignored)) {
    database["state"] = "not there yet; the first run makes it";
    return;
  }
  try {
    const Store store = Store::open(flags.database, Store::Mode::kRead);
    std::map<std::string, std::int64_t> counts;
    for (const RunRecord& run : store.runs()) ++counts[run.status];
    database["state"] = "ok";
    database["runs"] = counts;
  } catch (const StoreError& error) {
    database["state"] = error.what();
    findings.warnings.push_back(error.what());
  }
}

void look_at_strategies(Findings& findings) {
  findings.facts["strategies"] = Registry<StrategyEntry>::instance().names();
}

void print_fact(const std::string& name, const Json& fact, int indent) {
  const std::string label = std::string(static_cast<std::size_t>(indent), ' ') + name;
  if (fact.is_object()) {
    std::cout << label << '\n';
    for (const auto& [key, value] : fact.items()) print_fact(key, value, indent + 2);
    return;
  }
  const std::string text = fact.is_string() ? fact.get<std::string>() : fact.dump();
  std::cout << std::left << std::setw(20) << label << printable(text) << '\n';
}

ExitCode doctor(const DoctorFlags& flags) {
  Findings findings;
  look_at_build(findings);
  look_at_machine(findings);
  look_at_cuda(findings);
  look_for_data(flags, findings);
  look_at_database(flags, findings);
  look_at_strategies(findings);
  if (flags.json) {
    findings.facts["warnings"] = findings.warnings;
    std::cout << json_text(findings.facts);
    return ExitCode::kOk;
  }
  for (const auto& [name, fact] : findings.facts.items()) print_fact(name, fact, 0);
  for (const std::string& warning : findings.warnings) std::cout << "warning: " << printable(warning) << '\n';
  if (findings.warnings.empty()) std::cout << "all is well\n";
  return ExitCode::kOk;
}

std::function<ExitCode()> add_doctor(CLI::App& sub, const Globals& /*globals*/) {
  const auto flags = std::make_shared<DoctorFlags>();
  sub.footer("  sactool doctor           versions, machine, data sets, database\n  sactool doctor --json");
  add_db_option(sub, flags->database);
  add_data_dir_option(sub, flags->data_dir);
  sub.add_flag("--json", flags->json, "One JSON object on stdout");
  return [flags] { return doctor(*flags); };
}

const Register<CommandEntry> registered{
    {.name = "doctor", .order = 80, .summary = "Check versions, machine, data and database", .add = add_doctor}};

}  // namespace
}  // namespace sac
