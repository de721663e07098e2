#include "engine/fabric/group/log_tail.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string_view>

namespace sac {
namespace {

constexpr std::streamoff kTail = 64 * 1024;
constexpr std::string_view kMark = "error: ";

std::string tail_of(const std::filesystem::path& log) {
  std::ifstream file(log, std::ios::binary | std::ios::ate);
  if (!file) return "";
  file.seekg(std::max<std::streamoff>(0, file.tellg() - kTail));
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

std::string last_error(const std::filesystem::path& log) {
  const std::string text = tail_of(log);
  std::string_view rest = text;
  std::string last;
  while (!rest.empty()) {
    const auto begin = rest.find_last_of('\n');
    const std::string_view line = rest.substr(begin == std::string_view::npos ? 0 : begin + 1);
    rest = rest.substr(0, begin == std::string_view::npos ? 0 : begin);
    const auto mark = line.find(kMark);
    if (mark != std::string_view::npos) return std::string(line.substr(mark + kMark.size()));
    if (last.empty() && line.find_first_not_of(" \t\r") != std::string_view::npos) last = line;
  }
  return last;
}

}  // namespace sac
