#include <unistd.h>

#include <algorithm>
#include <array>
#include <iomanip>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/command.h"
#include "cli/data_dir_option.h"
#include "datasets/content.h"
#include "datasets/dataset.h"
#include "datasets/fetch.h"

namespace sac {
namespace {

struct DataFlags {
  std::string name;
  std::string data_dir;
  std::string from;
  bool json = false;

  [[nodiscard]] DataLocation location() const { return {.data_dir = data_dir}; }
};

std::int64_t bytes_of(const DatasetEntry& entry) {
  std::int64_t bytes = 0;
  for (const DataFile& file : entry.files) bytes += file.bytes;
  return bytes;
}

std::string megabytes(std::int64_t bytes) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(1) << static_cast<double>(bytes) / 1e6 << " MB";
  return text.str();
}

std::string sample_shape(const DatasetEntry& entry) {
  if (!entry.sample.empty()) return entry.sample;
  if (entry.files.empty()) return "by options";
  return std::to_string(entry.channels) + "x" + std::to_string(entry.height) + "x" + std::to_string(entry.width);
}

std::string count_text(std::int64_t count) { return count == 0 ? "by options" : std::to_string(count); }

bool is_generated(const DatasetEntry& entry) { return entry.files.empty() && entry.given_by.empty(); }

/// What stands for the place of a data set that needs none.
std::string no_place(const DatasetEntry& entry) { return is_generated(entry) ? "generated" : entry.given_by; }

nlohmann::ordered_json describe(const DatasetEntry& entry, const LocatedFiles& found) {
  nlohmann::ordered_json object{{"name", entry.name}, {"summary", entry.summary}, {"generated", is_generated(entry)}};
  const auto number = [](std::int64_t value) {
    return value == 0 ? nlohmann::ordered_json() : nlohmann::ordered_json(value);
  };
  object["train_samples"] = number(entry.train_size);
  object["test_samples"] = number(entry.test_size);
  object["classes"] = number(entry.classes);
  object["shape"] = nlohmann::ordered_json();
  if (!entry.files.empty() && entry.sample.empty()) object["shape"] = {entry.channels, entry.height, entry.width};
  object["bytes"] = bytes_of(entry);
  object["given_by"] = entry.given_by.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(entry.given_by);
  object["found"] = found.found() ? nlohmann::ordered_json(found.folder.string()) : nlohmann::ordered_json();
  object["licence"] = entry.licence;
  object["citation"] = entry.citation;
  return object;
}

void print_row(const std::array<std::string, 7>& cells) {
  constexpr std::array<int, 6> kWidths{18, 12, 12, 12, 12, 12};
  for (std::size_t i = 0; i < kWidths.size(); ++i) std::cout << std::left << std::setw(kWidths[i]) << cells[i];
  std::cout << cells.back() << '\n';
}

ExitCode list(const DataFlags& flags) {
  const auto roots = data_roots(flags.location());
  auto array = nlohmann::ordered_json::array();
  if (!flags.json) print_row({"name", "train", "test", "classes", "sample", "size", "found"});
  for (const auto& [name, entry] : Registry<DatasetEntry>::instance().entries()) {
    const bool generated = entry.files.empty();
    const LocatedFiles found = generated ? LocatedFiles{} : find_files(entry, roots);
    if (flags.json) {
      array.push_back(describe(entry, found));
      continue;
    }
    const std::string where = generated ? no_place(entry) : found.found() ? found.folder.string() : "not found";
    print_row({name, count_text(entry.train_size), count_text(entry.test_size), count_text(entry.classes),
               sample_shape(entry), generated ? "-" : megabytes(bytes_of(entry)), where});
  }
  if (flags.json) std::cout << array.dump(2) << '\n';
  return ExitCode::kOk;
}

/// Where some file's content is not known, its size was checked.
std::string checked_text(const DatasetEntry& entry, const std::string& by_content, const std::string& by_size) {
  const bool known =
      std::all_of(entry.files.begin(), entry.files.end(), [](const DataFile& file) { return !file.sha256.empty(); });
  return known ? by_content : by_size;
}

/// What is wrong with the files, a line each.
Strings wrong_files(const DatasetEntry& entry, const LocatedFiles& found) {
  Strings problems;
  for (const DataFile& file : entry.files) {
    try {
      verify_content(found.paths.at(file.name), file);
    } catch (const DataError& error) {
      problems.emplace_back(error.what());
    }
  }
  return problems;
}

ExitCode verify(const DataFlags& flags) {
  const auto& registry = Registry<DatasetEntry>::instance();
  const Strings names = flags.name.empty() ? registry.names() : Strings{registry.at(flags.name).name};
  Strings problems;
  for (const std::string& name : names) {
    const DatasetEntry& entry = registry.at(name);
    const bool generated = entry.files.empty();
    const LocatedFiles found = generated            ? LocatedFiles{}
                               : flags.name.empty() ? find_files(entry, data_roots(flags.location()))
                                                    : locate(entry, flags.location());
    const Strings wrong = found.found() ? wrong_files(entry, found) : Strings{};
    const std::string verdict = generated        ? no_place(entry)
                                : !found.found() ? "not found"
                                : wrong.empty()  ? checked_text(entry, "ok", "size ok")
                                                 : "WRONG";
    std::cout << std::left << std::setw(18) << name << std::setw(11) << verdict << found.folder.string() << '\n';
    problems.insert(problems.end(), wrong.begin(), wrong.end());
  }
  if (!problems.empty()) throw DataError(join(problems, "; "));
  return ExitCode::kOk;
}

/// Progress of downloads on stderr: a line that rewrites itself on a terminal, a line each quarter elsewhere.
class ProgressLine {
 public:
  ProgressLine() = default;
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine() { close(); }

  /// Ends the line, so that what follows starts on its own.
  void close() {
    if (terminal_ && !name_.empty()) std::cerr << '\n';
    name_.clear();
  }

  void operator()(const std::string& name, std::int64_t done, std::int64_t total) {
    const std::int64_t percent = total > 0 ? 100 * done / total : 0;
    const std::int64_t mark = terminal_ ? (total > 0 ? percent : done >> 20) : percent / 25;
    if (name == name_ && mark == mark_) return;
    const bool next = terminal_ && !name_.empty() && name != name_;
    name_ = name;
    mark_ = mark;
    std::string text = name + "  " + megabytes(done);
    if (total > 0) text += " of " + megabytes(total) + "  " + std::to_string(percent) + " %";
    std::cerr << (next ? "\n" : "") << (terminal_ ? "\r" : "") << text << (terminal_ ? "\x1b[K" : "\n") << std::flush;
  }

 private:
  bool terminal_ = isatty(STDERR_FILENO) != 0;
  std::string name_;
  std::int64_t mark_ = -1;
};

/// Where the data lies already, verified, or "".
std::string already_there(const DatasetEntry& entry, const DataFlags& flags) {
  if (!flags.data_dir.empty() || !flags.from.empty()) return "";
  const LocatedFiles found = find_files(entry, data_roots(flags.location()));
  return found.found() && wrong_files(entry, found).empty() ? found.folder.string() : "";
}

ExitCode fetch(const DataFlags& flags, const Globals& globals) {
  const DatasetEntry& entry = Registry<DatasetEntry>::instance().at(flags.name);
  if (entry.downloads.empty()) {
    const std::string state = !entry.files.empty()  ? "has no address to fetch it from"
                              : is_generated(entry) ? "is generated; there is nothing to fetch"
                                                    : "is given by " + entry.given_by + "; there is nothing to fetch";
    throw ConfigError("data set '" + entry.name + "' " + state);
  }
  std::string where = already_there(entry, flags);
  if (where.empty()) {
    const auto root = fetch_root(flags.location());
    const Strings mirrors = flags.from.empty() ? entry.mirrors : Strings{mirror_address(flags.from)};
    ProgressLine line;
    const auto report = [&](const std::string& name, std::int64_t done, std::int64_t total) {
      line(name, done, total);
    };
    const int fetched = fetch_files(entry, mirrors, root, globals.quiet ? TransferProgress{} : report);
    line.close();
    where = find_files(entry, {root}).folder.string();
    if (!globals.quiet) std::cerr << entry.name << ": " << fetched << " files fetched, all verified\n";
  } else if (!globals.quiet) {
    std::cerr << entry.name << ": already there, " << checked_text(entry, "verified", "of the right size") << '\n';
  }
  std::cout << where << '\n';
  return ExitCode::kOk;
}

std::function<ExitCode()> add_data(CLI::App& sub, const Globals& globals) {
  const auto flags = std::make_shared<DataFlags>();
  sub.require_subcommand(1);
  sub.footer(
      "  sactool data list                     what there is, and where it was found\n"
      "  sactool data fetch mnist              into $SACTOOL_DATA or the user's cache\n"
      "  sactool data fetch mnist --from DIR   from a folder or another mirror\n"
      "  sactool data verify                   every byte of all that is found");
  CLI::App* lister = sub.add_subcommand("list", "What there is and where it was found");
  CLI::App* fetcher = sub.add_subcommand("fetch", "Download, check and unpack one data set");
  CLI::App* verifier = sub.add_subcommand("verify", "Check every byte of one data set, or of all that are found");
  lister->add_flag("--json", flags->json, "One JSON array on stdout");
  fetcher->add_option("name", flags->name, "Data set")->required()->type_name("NAME");
  verifier->add_option("name", flags->name, "Data set")->type_name("NAME");
  fetcher->add_option("--from", flags->from, "Mirror to use: an address or a folder")->type_name("URL|FOLDER");
  for (CLI::App* command : {lister, fetcher, verifier}) {
    add_data_dir_option(*command, flags->data_dir);
  }
  return [flags, &globals, lister, fetcher] {
    if (*lister) return list(*flags);
    return *fetcher ? fetch(*flags, globals) : verify(*flags);
  };
}

const Register<CommandEntry> registered{
    {.name = "data", .order = 70, .summary = "List, fetch and verify data sets", .add = add_data}};

}  // namespace
}  // namespace sac
