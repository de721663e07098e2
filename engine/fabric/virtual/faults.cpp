#include "engine/fabric/virtual/faults.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <sstream>
#include <tuple>

#include "engine/core/error.h"

namespace sac {
namespace {

constexpr double kForEver = std::numeric_limits<double>::infinity();

const std::map<std::string, Fault::Kind>& verbs() {
  static const std::map<std::string, Fault::Kind> kVerbs{{"pauses", Fault::Kind::kPause},
                                                         {"slows", Fault::Kind::kSlow},
                                                         {"dies", Fault::Kind::kDie},
                                                         {"rejoins", Fault::Kind::kRejoin}};
  return kVerbs;
}

[[noreturn]] void refuse(const std::string& text, const std::string& why) {
  throw ConfigError("cluster.faults: \"" + text + "\" " + why);
}

[[noreturn]] void refuse_form(const std::string& text) {
  refuse(
      text,
      "is no fault; choices: \"worker K pauses at T for S\", \"worker K slows by F at T [for S]\", \"worker K dies at "
      "T\", \"worker K rejoins at T\"");
}

double number(const std::string& text, const std::string& word, const std::string& what, double least) {
  double value = 0.0;
  const char* end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data(), end, value);
  if (error != std::errc() || stop != end) refuse_form(text);
  if (!std::isfinite(value) || value < least || (value == 0.0 && what != "at")) {
    refuse(text, "says " + what + " " + word + "; it must be " + (what == "at" ? ">= 0" : "> 0"));
  }
  return value;
}

int worker_number(const std::string& text, const std::string& word, std::int64_t workers) {
  std::int64_t value = 0;
  const char* end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data(), end, value);
  if (error != std::errc() || stop != end) refuse_form(text);
  if (value < 0 || value >= workers) {
    refuse(text, "names worker " + word + "; there are " + std::to_string(workers) + ", numbered from 0");
  }
  return static_cast<int>(value);
}

Fault parse(const std::string& text, std::int64_t workers) {
  std::istringstream stream(text);
  std::string subject, who, verb, key, word;
  stream >> subject >> who >> verb;
  if (subject != "worker" || !verbs().contains(verb)) refuse_form(text);
  Fault fault{.worker = worker_number(text, who, workers), .kind = verbs().at(verb)};
  std::map<std::string, double> said;
  while (stream >> key) {
    if (!(stream >> word) || (key != "at" && key != "for" && key != "by") || said.contains(key)) refuse_form(text);
    said[key] = number(text, word, key, 0.0);
  }
  const bool lasts = fault.kind == Fault::Kind::kPause || fault.kind == Fault::Kind::kSlow;
  const bool fits = said.contains("at") && said.contains("by") == (fault.kind == Fault::Kind::kSlow) &&
                    (lasts || !said.contains("for")) && (fault.kind != Fault::Kind::kPause || said.contains("for"));
  if (!fits) refuse_form(text);
  fault.at_s = said.at("at");
  if (lasts) fault.until_s = said.contains("for") ? fault.at_s + said.at("for") : kForEver;
  if (fault.kind == Fault::Kind::kSlow) fault.factor = said.at("by");
  return fault;
}

std::string text_of(const Fault& fault) {
  const std::string worker = "worker " + std::to_string(fault.worker);
  const std::string at = " at " + shortest(fault.at_s);
  switch (fault.kind) {
    case Fault::Kind::kPause: return worker + " pauses" + at + " for " + shortest(fault.until_s - fault.at_s);
    case Fault::Kind::kDie: return worker + " dies" + at;
    case Fault::Kind::kRejoin: return worker + " rejoins" + at;
    case Fault::Kind::kSlow: break;
  }
  const std::string until = std::isinf(fault.until_s) ? "" : " for " + shortest(fault.until_s - fault.at_s);
  return worker + " slows by " + shortest(fault.factor) + at + until;
}

/// One worker's faults, by time: it can only be away once at a time.
void check_order(const std::vector<Fault>& faults) {
  std::map<int, double> away_until;
  for (const Fault& fault : faults) {
    if (fault.kind == Fault::Kind::kSlow) continue;
    double& until = away_until.try_emplace(fault.worker, -1.0).first->second;
    const bool dead = std::isinf(until);
    if (fault.kind == Fault::Kind::kRejoin && !dead) refuse(text_of(fault), "comes when the worker is not dead");
    if (fault.kind != Fault::Kind::kRejoin && fault.at_s < until)
      refuse(text_of(fault), "comes when it is away already");
    until = fault.kind == Fault::Kind::kDie      ? kForEver
            : fault.kind == Fault::Kind::kRejoin ? fault.at_s
                                                 : fault.until_s;
  }
}

}  // namespace

std::vector<Fault> parse_faults(const Strings& texts, std::int64_t workers) {
  std::vector<Fault> faults;
  for (const std::string& text : texts) faults.push_back(parse(text, workers));
  std::stable_sort(faults.begin(), faults.end(), [](const Fault& a, const Fault& b) {
    return std::tie(a.at_s, a.worker) < std::tie(b.at_s, b.worker);
  });
  check_order(faults);
  return faults;
}

Strings canonical_faults(const std::vector<Fault>& faults) {
  Strings texts;
  for (const Fault& fault : faults) texts.push_back(text_of(fault));
  return texts;
}

bool anybody_dies(const std::vector<Fault>& faults) {
  return std::any_of(faults.begin(), faults.end(), [](const Fault& f) { return f.kind == Fault::Kind::kDie; });
}

std::vector<Fault> final_deaths(const std::vector<Fault>& faults) {
  std::map<int, Fault> last;  // death or return of each worker
  for (const Fault& fault : faults) {
    if (fault.kind == Fault::Kind::kDie || fault.kind == Fault::Kind::kRejoin) last[fault.worker] = fault;
  }
  std::vector<Fault> deaths;
  for (const auto& [worker, fault] : last) {
    if (fault.kind == Fault::Kind::kDie) deaths.push_back(fault);
  }
  return deaths;
}

void check_faults(const std::vector<Fault>& faults, bool goes_on, OnDeath on_death, const std::string& strategy) {
  if (!goes_on || !anybody_dies(faults) || on_death == OnDeath::kGoesOn) return;
  const std::string what = "strategy '" + strategy + "' with cluster.on_failure = \"continue\": ";
  if (on_death == OnDeath::kStalls) {
    throw ConfigError(what + "it cannot go on without a worker; choices: \"stall\"");
  }
  for (const Fault& fault : faults) {
    if (fault.kind != Fault::Kind::kRejoin) continue;
    throw ConfigError(what + "\"" + text_of(fault) +
                      "\" finds the others steps ahead and cannot catch up; with \"stall\" they wait for it");
  }
}

}  // namespace sac
