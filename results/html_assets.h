#pragma once

namespace sac {

/// The report page's style sheet and script: no fonts, no network.
extern const char* const kReportStyle;
extern const char* const kReportScript;

}  // namespace sac
