#include "engine/core/error.h"

#include <algorithm>
#include <numeric>

namespace sac {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitution = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitution});
    }
  }
  return row.back();
}

}  // namespace

std::string nearest(std::string_view name, std::span<const std::string> choices) {
  std::string best;
  if (name.empty() || name.size() > 128) return best;
  const std::size_t farthest = std::min(std::max<std::size_t>(2, name.size() / 3), name.size() - 1);
  std::size_t best_distance = farthest + 1;
  for (const std::string& choice : choices) {
    const std::size_t distance = edit_distance(name, choice);
    if (distance < best_distance) {
      best_distance = distance;
      best = choice;
    }
  }
  return best;
}

std::string unknown_name(std::string_view thing, std::string_view name, std::span<const std::string> choices) {
  std::string message = "unknown " + std::string(thing) + " '" + std::string(name.substr(0, 128)) + "'";
  const std::string near = nearest(name, choices);
  if (!near.empty()) message += "; did you mean '" + near + "'?";
  message += (near.empty() ? "; choices: " : " choices: ") + join(choices);
  return message;
}

std::string join(std::span<const std::string> words, std::string_view separator) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += separator;
    text += word;
  }
  return text;
}

}  // namespace sac
