#pragma once
#include <cstdio>
#include <ctime>
#include <string>

namespace sac {

/// Seconds since 1970 of "2024-05-01T12:00:00.123Z"; 0 where the text is none.
inline double seconds_of_utc(const std::string& text) {
  std::tm parts{};
  double seconds = 0.0;
  if (std::sscanf(text.c_str(), "%d-%d-%dT%d:%d:%lfZ", &parts.tm_year, &parts.tm_mon, &parts.tm_mday, &parts.tm_hour,
                  &parts.tm_min, &seconds) != 6) {
    return 0.0;
  }
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  return static_cast<double>(timegm(&parts)) + seconds;
}

}  // namespace sac
