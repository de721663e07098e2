#include "results/gate.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "engine/core/error.h"
#include "engine/core/value.h"
#include "results/format.h"

namespace sac {
namespace {

using Maybe = std::optional<double>;
using Quantity = std::function<Maybe(const Comparison&, std::size_t group)>;

Quantity mean_of(Summary GroupSummary::*member) {
  return [member](const Comparison& comparison, std::size_t group) -> Maybe {
    const Summary& summary = comparison.groups[group].*member;
    return summary.n == 0 ? std::nullopt : Maybe(summary.mean);
  };
}

Quantity of_target(Maybe (*get)(const TargetSummary&)) {
  return [get](const Comparison& comparison, std::size_t group) -> Maybe {
    const auto& target = comparison.groups[group].target;
    return target ? get(*target) : std::nullopt;
  };
}

Quantity of_effect(std::optional<PairedEffect> Effects::*member, Maybe (*get)(const PairedEffect&)) {
  return [member, get](const Comparison& comparison, std::size_t group) -> Maybe {
    const auto found = std::ranges::find(comparison.effects, group, &Effects::group);
    return found == comparison.effects.end() || !((*found).*member) ? std::nullopt : get(*((*found).*member));
  };
}

void add_effect(std::map<std::string, Quantity>& all, const std::string& name,
                std::optional<PairedEffect> Effects::*member) {
  all[name] = of_effect(member, [](const PairedEffect& effect) { return Maybe(effect.estimate); });
  all[name + "_low"] = of_effect(
      member, [](const PairedEffect& effect) { return effect.interval ? Maybe(effect.interval->low) : std::nullopt; });
  all[name + "_high"] = of_effect(
      member, [](const PairedEffect& effect) { return effect.interval ? Maybe(effect.interval->high) : std::nullopt; });
  all[name + "_p"] = of_effect(member, [](const PairedEffect& effect) { return effect.p; });
}

const std::map<std::string, Quantity>& quantities() {
  static const std::map<std::string, Quantity> kAll = [] {
    std::map<std::string, Quantity> all{{"accuracy", mean_of(&GroupSummary::accuracy)},
                                        {"loss", mean_of(&GroupSummary::loss)},
                                        {"seconds", mean_of(&GroupSummary::seconds)},
                                        {"throughput", mean_of(&GroupSummary::throughput)},
                                        {"compute_s", mean_of(&GroupSummary::compute_s)},
                                        {"communication_s", mean_of(&GroupSummary::communication_s)},
                                        {"hidden_communication_s", mean_of(&GroupSummary::hidden_communication_s)},
                                        {"waiting_s", mean_of(&GroupSummary::waiting_s)},
                                        {"idle_s", mean_of(&GroupSummary::idle_s)},
                                        {"wire_bytes", mean_of(&GroupSummary::wire_bytes)}};
    all["runs"] = [](const Comparison& comparison, std::size_t group) -> Maybe {
      return static_cast<double>(comparison.groups[group].group.runs.size());
    };
    all["target_reached"] =
        of_target([](const TargetSummary& target) { return Maybe(static_cast<double>(target.reached)); });
    all["target_seconds"] = of_target([](const TargetSummary& target) {
      return target.reached == target.seconds.n ? Maybe(target.seconds.mean) : std::nullopt;
    });
    all["target_wire_bytes"] = of_target([](const TargetSummary& target) {
      return target.reached == target.seconds.n ? Maybe(target.wire_bytes.mean) : std::nullopt;
    });
    add_effect(all, "accuracy_difference", &Effects::accuracy);
    add_effect(all, "seconds_ratio", &Effects::seconds);
    add_effect(all, "communication_s_ratio", &Effects::communication_s);
    add_effect(all, "wire_bytes_ratio", &Effects::wire_bytes);
    add_effect(all, "target_seconds_ratio", &Effects::target_seconds);
    add_effect(all, "speed_up", &Effects::speed_up);
    add_effect(all, "efficiency", &Effects::efficiency);
    return all;
  }();
  return kAll;
}

/// Evaluates while it reads: expressions are short and evaluated once a group. Everything is a number; true is 1.
/// Missing quantities are NaN, and noted.
class Evaluation {
 public:
  Evaluation(const Comparison& comparison, const std::string& text, std::size_t group)
      : comparison_(comparison), text_(text), group_(group) {}

  bool holds() {
    const double value = alternatives();
    if (!next().empty()) refuse("there is '" + next() + "' where the expression should end");
    return value != 0.0;
  }
  [[nodiscard]] const std::set<std::string>& missing() const { return missing_; }

 private:
  [[noreturn]] void refuse(const std::string& what) const { throw UsageError("--fail-if '" + text_ + "': " + what); }

  void skip_spaces() {
    while (place_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[place_])) != 0) ++place_;
  }

  static bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

  /// The token at the place, not taken: a word, a number's text, an operator, or "" at the end.
  std::string next() {
    skip_spaces();
    if (place_ == text_.size()) return "";
    std::size_t end = place_;
    if (is_word(text_[place_]) || text_[place_] == '.') {
      while (end < text_.size() && (is_word(text_[end]) || text_[end] == '.')) ++end;
      return text_.substr(place_, end - place_);
    }
    const bool two = place_ + 1 < text_.size() && text_[place_ + 1] == '=' &&
                     std::string_view("<>=!").find(text_[place_]) != std::string_view::npos;
    return text_.substr(place_, two ? 2 : 1);
  }

  bool take(const std::string& token) {
    if (next() != token) return false;
    place_ += token.size();
    return true;
  }

  double alternatives() {
    double value = conjunction();
    while (take("or")) value = static_cast<double>(int{conjunction() != 0.0} | int{value != 0.0});
    return value;
  }

  double conjunction() {
    double value = negation();
    while (take("and")) value = static_cast<double>(int{negation() != 0.0} & int{value != 0.0});
    return value;
  }

  double negation() { return take("not") ? static_cast<double>(negation() == 0.0) : comparison(); }

  double comparison() {
    const double left = sum();
    for (const char* sign : {"<=", ">=", "==", "!=", "<", ">"}) {
      if (!take(sign)) continue;
      const double right = sum();
      const std::string_view op = sign;
      const bool holds = op == "<="   ? left <= right
                         : op == ">=" ? left >= right
                         : op == "==" ? left == right
                         : op == "!=" ? left != right
                         : op == "<"  ? left < right
                                      : left > right;
      return static_cast<double>(holds);
    }
    return left;
  }

  double sum() {
    double value = product();
    for (;;) {
      if (take("+")) {
        value += product();
      } else if (take("-")) {
        value -= product();
      } else {
        return value;
      }
    }
  }

  double product() {
    double value = factor();
    for (;;) {
      if (take("*")) {
        value *= factor();
      } else if (take("/")) {
        value /= factor();
      } else {
        return value;
      }
    }
  }

  double factor() {
    if (take("-")) return -factor();
    if (take("(")) {
      if (++depth_ > 64) refuse("parentheses nest too deep");
      const double value = alternatives();
      if (!take(")")) refuse("a ')' is missing");
      --depth_;
      return value;
    }
    const std::string token = next();
    if (token.empty()) refuse("it ends where a value should be");
    if (token == "\"" || token == "'") return of_group(quoted_label());
    if (std::isdigit(static_cast<unsigned char>(token.front())) != 0 || token.front() == '.') return number();
    if (!is_word(token.front())) refuse("there is '" + token + "' where a value should be");
    place_ += token.size();
    const auto dot = token.find('.');
    if (dot == std::string::npos) return quantity(token, group_);
    return quantity(token.substr(dot + 1), place_of(token.substr(0, dot)));
  }

  double number() {
    double value = 0.0;
    const char* begin = text_.data() + place_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), value);
    if (error != std::errc() || (end < text_.data() + text_.size() && is_word(*end)))
      refuse("'" + next() + "' is no number");
    place_ += static_cast<std::size_t>(end - begin);
    return value;
  }

  std::string quoted_label() {
    const char quote = text_[place_];
    const auto end = text_.find(quote, place_ + 1);
    if (end == std::string::npos) refuse("a quote is not closed");
    const std::string label = text_.substr(place_ + 1, end - place_ - 1);
    place_ = end + 1;
    return label;
  }

  double of_group(const std::string& label) {
    const std::string token = next();
    if (!token.starts_with(".")) refuse("after '" + label + "' a '.' and a quantity should follow");
    place_ += token.size();
    return quantity(token.substr(1), place_of(label));
  }

  [[nodiscard]] std::size_t place_of(const std::string& label) const {
    if (label == "baseline") return comparison_.baseline;
    std::vector<RunGroup> groups;
    for (const GroupSummary& summary : comparison_.groups) groups.push_back(summary.group);
    return find_group(groups, label, "group");
  }

  double quantity(const std::string& name, std::size_t group) {
    const auto found = quantities().find(name);
    if (found == quantities().end()) refuse(unknown_name("quantity", name, gate_quantities()));
    const Maybe value = found->second(comparison_, group);
    if (!value || std::isnan(*value)) missing_.insert(name + " of " + comparison_.groups[group].group.label);
    return value.value_or(NAN);
  }

  const Comparison& comparison_;
  const std::string& text_;
  std::size_t group_;
  std::size_t place_ = 0;
  int depth_ = 0;
  std::set<std::string> missing_;
};

}  // namespace

std::vector<std::string> gate_quantities() {
  Strings names;
  for (const auto& [name, quantity] : quantities()) names.push_back(name);
  return names;
}

std::vector<std::string> gate_failures(const Comparison& comparison, const std::string& expression) {
  Strings failures;
  for (std::size_t group = 0; group < comparison.groups.size(); ++group) {
    if (group == comparison.baseline && comparison.groups.size() > 1) continue;
    const std::string& label = comparison.groups[group].group.label;
    Evaluation evaluation(comparison, expression, group);
    const bool holds = evaluation.holds();
    if (!evaluation.missing().empty()) {
      const Strings missing(evaluation.missing().begin(), evaluation.missing().end());
      failures.push_back(label + ": cannot be checked without " + join(missing));
    } else if (holds) {
      failures.push_back(label + ": " + expression);
    }
  }
  return failures;
}

}  // namespace sac
