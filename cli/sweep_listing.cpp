#include "cli/sweep_listing.h"

#include <algorithm>
#include <filesystem>

#include "engine/core/error.h"
#include "results/format.h"
#include "results/json.h"
#include "results/store.h"
#include "results/text_table.h"

namespace sac {
namespace {

/// A word as a shell takes it.
std::string shell_word(const std::string& word) {
  const auto plain = [](unsigned char c) {
    return std::isalnum(c) != 0 || std::string_view("._-+=/,:@%").find(static_cast<char>(c)) != std::string_view::npos;
  };
  if (!word.empty() && std::ranges::all_of(word, plain)) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace

SweepListing::SweepListing(const SweepPlan& plan, const std::vector<RunContext>& runs, const std::string& database)
    : plan_(&plan), runs_(&runs) {
  if (!std::filesystem::exists(database)) return;
  for (const RunRecord& run : Store::open(database, Store::Mode::kRead).runs()) {
    std::string& status = statuses_[run.key];
    if (status != "FINISHED") status = run.status;
  }
}

std::string SweepListing::status_of(const RunContext& run) const {
  const auto found = statuses_.find(run.key);
  return found == statuses_.end() ? "new" : found->second;
}

std::string SweepListing::text(bool color) const {
  Strings header{"", "status"};
  header.insert(header.end(), plan_->axes.begin(), plan_->axes.end());
  for (const char* name : {"seed", "steps", "key"}) header.emplace_back(name);
  TextTable table(header);
  for (std::size_t column = 1; column < header.size() - 3; ++column) table.left(column);
  std::int64_t done = 0;
  for (std::size_t place = 0; place < runs_->size(); ++place) {
    const RunContext& run = (*runs_)[place];
    const auto& varied = plan_->runs[place].varied;
    Strings row{std::to_string(place + 1), status_of(run)};
    for (const std::string& axis : plan_->axes) {
      const auto value = std::ranges::find(varied, axis, [](const auto& entry) { return entry.first; });
      row.push_back(value == varied.end() ? "-" : value->second);
    }
    row.insert(row.end(), {std::to_string(run.seed), grouped(run.steps), run.key.substr(0, 10)});
    table.add(row);
    done += row[1] == "FINISHED" ? 1 : 0;
  }
  return table.text(color) + "sweep '" + printable(plan_->name) + "': " + std::to_string(runs_->size()) + " runs, " +
         std::to_string(done) + " finished\n";
}

std::string SweepListing::json() const {
  Json list = Json::array();
  for (std::size_t place = 0; place < runs_->size(); ++place) {
    const RunContext& run = (*runs_)[place];
    Json varied = Json::object();
    for (const auto& [key, value] : plan_->runs[place].varied) varied[key] = value;
    list.push_back({{"name", run.name},
                    {"status", status_of(run)},
                    {"strategy", run.strategy},
                    {"workers", run.workers},
                    {"seed", run.seed},
                    {"steps", run.steps},
                    {"varied", varied},
                    {"key", run.key},
                    {"group_key", run.group_key}});
  }
  return json_text({{"name", plan_->name}, {"method", plan_->method}, {"axes", plan_->axes}, {"runs", list}});
}

std::string slurm_script(const std::string& name, std::size_t runs, const Strings& argv) {
  static const Strings kOwn{"--emit", "--jobs", "--take"};
  std::string command;
  for (std::size_t place = 0; place < argv.size(); ++place) {
    const std::string& word = argv[place];
    const bool own = std::ranges::find(kOwn, word.substr(0, word.find('='))) != kOwn.end();
    if (!own) command += shell_word(word) + " ";
    if (own && word.find('=') == std::string::npos) ++place;  // its value
  }
  return "#!/bin/bash\n"
         "# Each task makes one run of the sweep that none has made; tasks too many end at once. Submit it again to go "
         "on.\n"
         "#SBATCH --job-name=" +
         shell_word(name) + "\n#SBATCH --array=1-" + std::to_string(runs) +
         "\n#SBATCH --cpus-per-task=4\n#SBATCH --signal=B:TERM@60\n#SBATCH --output=%x-%A_%a.log\nexec " + command +
         "--jobs 1 --take 1\n";
}

}  // namespace sac
