#include "results/compare_table.h"
#include "results/html_assets.h"
#include "results/html_sections.h"
#include "results/plot.h"
#include "results/report.h"

namespace sac {
namespace {

/// The policy makes the browser itself refuse any network access.
constexpr const char* kHead = R"html(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
)html";

}  // namespace

/// One self-contained page: answers first, then charts, tables and origin.
std::string render_html(const Store& /*store*/, const ReportData& data) {
  const std::string title = html_escaped(data.title);
  return std::string(kHead) + "<title>" + title + "</title>\n<style>" + kReportStyle + "</style>\n</head>\n<body>\n" +
         "<header><p class=\"eyebrow\">sactool report</p><h1>" + title + "</h1><p class=\"lead\">" +
         html_escaped(setting_text(data.comparison)) + "</p></header>\n<main>\n" + glance_section(data) + "\n" +
         map_section(data) + "\n" + curves_section(data) + "\n" + costs_section(data) + "\n" + time_section(data) +
         "\n" + effects_section(data) + "\n" + predictions_section(data) + "\n" + runs_section(data) + "\n" +
         origin_section(data) + "\n</main>\n<footer>Made by sactool on " + html_escaped(data.created) + " from <code>" +
         html_escaped(data.database) + "</code>.</footer>\n<script>" + kReportScript + "</script>\n</body>\n</html>\n";
}

}  // namespace sac
