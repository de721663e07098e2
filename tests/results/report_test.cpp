#include "results/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <limits>
#include <sstream>

#include "engine/core/error.h"
#include "results/atomic_file.h"
#include "results/json.h"
#include "tests/results/fixture.h"

namespace sac {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const char* const kHostile = "<script>alert(1)</script>";

class ReportTest : public ResultsTest {
 protected:
  ReportTest() : store_(Store::open(file(), Store::Mode::kWrite)) {
    for (std::uint64_t seed = 0; seed < 2; ++seed) {
      add("sync_sgd", seed, 0.80, 10.0, "");
      add("local_sgd", seed, 0.79, 5.0, seed == 1 ? kHostile : "");
    }
  }

  void add(const std::string& strategy, std::uint64_t seed, double accuracy, double seconds, const std::string& name) {
    std::vector<MetricPoint> points;
    for (std::int64_t step = 0; step <= 100; step += 10) {
      const double share = static_cast<double>(step) / 100.0;
      points.push_back({"accuracy", step, seconds * share, step * 128, step * 1000, accuracy * share});
      points.push_back({"loss", step, seconds * share, step * 128, step * 1000, 2.0 - share});
    }
    store_run(store_, sample_context(strategy, seed, name), sample_outcome(accuracy, seconds), points);
  }

  [[nodiscard]] std::string render(const std::string& format, const std::string& title = "") const {
    return report_format(format).render(store_, collect_report(store_, {}, title));
  }

  Store store_;
};

TEST_F(ReportTest, HtmlShowsHostileNamesAsText) {
  const std::string html = render("html", "<img src=x onerror=alert(2)>");
  EXPECT_THAT(html, Not(HasSubstr(kHostile)));
  EXPECT_THAT(html, Not(HasSubstr("<img")));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt;"));
  EXPECT_THAT(html, HasSubstr("<h1>&lt;img src=x onerror=alert(2)&gt;</h1>"));
}

TEST_F(ReportTest, HtmlIsOneFileThatAsksForNothing) {
  const std::string html = render("html");
  for (const char* outside : {"http://", "https://", "<link", "src=", "@import", "url("}) {
    const std::string namespace_free = [&html] {
      std::string text = html;
      const std::string svg_namespace = "'http://www.w3.org/2000/svg'";
      for (auto at = text.find(svg_namespace); at != std::string::npos; at = text.find(svg_namespace)) {
        text.erase(at, svg_namespace.size());
      }
      return text;
    }();
    EXPECT_THAT(namespace_free, Not(HasSubstr(outside)));
  }
  EXPECT_THAT(html, HasSubstr("<meta name=\"viewport\""));
  EXPECT_THAT(html, HasSubstr("prefers-color-scheme:dark"));
}

TEST_F(ReportTest, HtmlAnswersAtAGlance) {
  const std::string html = render("html");
  EXPECT_THAT(html, HasSubstr("<span>Least time</span><b>5.000 ± 0 <small>s</small></b><em>local_sgd</em>"));
  EXPECT_THAT(html, HasSubstr("<b>local_sgd</b> takes 5.00&nbsp;s instead of 10.0&nbsp;s (−50&nbsp;%)"));
  for (const char* part : {"Test accuracy", "Test loss", "Where the time goes", "Bytes on the wire",
                           "Accuracy against time", "by-step", "by-time", "by-bytes"}) {
    EXPECT_THAT(html, HasSubstr(part));
  }
}

TEST_F(ReportTest, ALoneUnfinishedRunIsReportedToo) {
  const Store other = Store::open(file("other.db"), Store::Mode::kWrite);
  EXPECT_THROW(collect_report(other, {}, ""), UsageError) << "no runs at all";
  RunOutcome failed = sample_outcome(0.1, 1.0);
  failed.status = RunStatus::kFailed;
  failed.error = "loss is nan";
  failed.loss = std::numeric_limits<double>::quiet_NaN();
  store_run(other, sample_context(), failed);
  const ReportData data = collect_report(other, {}, "");
  for (const ReportFormat& format : report_formats()) {
    const std::string name = format.name;
    if (name == "long.csv") continue;
    const bool of_groups = name == "tex" || name == "vl.json";
    EXPECT_THAT(format.render(other, data), HasSubstr(of_groups ? "1 unfinished run(s) left out" : "FAILED")) << name;
  }
  EXPECT_THAT(report_format("json").render(other, data), HasSubstr("\"loss\": \"nan\""));
}

TEST_F(ReportTest, MarkdownEscapesAndKeepsItsColumns) {
  const std::string text = render("md");
  EXPECT_THAT(text, HasSubstr("\\<script\\>alert(1)\\</script\\>"));
  EXPECT_THAT(text, HasSubstr("| sync\\_sgd | 2 | 80.00 ± 0 |"));
  EXPECT_THAT(text, HasSubstr("## Against sync\\_sgd"));
}

TEST_F(ReportTest, CsvHasALineARunAndQuotesWhatItMust) {
  add("staged", 0, 0.5, 1.0, "with, comma and \"quotes\"");
  const std::string csv = render("csv");
  EXPECT_THAT(csv, StartsWith("run,name,key,group_key,status,strategy,workers,seed,"));
  EXPECT_THAT(csv, HasSubstr("\n5,\"with, comma and \"\"quotes\"\"\",staged-group-0,"));
  EXPECT_EQ(std::ranges::count(csv, '\n'), 6);
  const std::string points = render("long.csv");
  EXPECT_THAT(points, HasSubstr("1,sync_sgd-w4-s0,sync_sgd,0,accuracy,100,10.0,12800,100000,0.8\n"));
  EXPECT_EQ(std::ranges::count(points, '\n'), 1 + 5 * 22);
}

TEST_F(ReportTest, JsonHasGroupsEffectsRunsAndCurves) {
  const nlohmann::json json = nlohmann::json::parse(render("json"));
  EXPECT_EQ(json["comparison"]["groups"].size(), 2U);
  EXPECT_EQ(json["comparison"]["groups"][0]["accuracy"]["mean"], 0.8);
  EXPECT_EQ(json["comparison"]["effects"][0]["seconds_ratio"]["estimate"], 0.5);
  EXPECT_EQ(json["runs"].size(), 4U);
  EXPECT_EQ(json["runs"][0]["worker_totals"].size(), 4U);
  EXPECT_EQ(json["curves"].size(), 4U);
  EXPECT_EQ(json["curves"][0]["points"].size(), 11U);
}

TEST_F(ReportTest, LatexIsEscapedAndTheBestIsBold) {
  const std::string latex = render("tex", "50 % of $x_1 & {y}\\z^2~#<b>");
  EXPECT_THAT(latex, HasSubstr("50 \\% of \\$x\\_1 \\& \\{y\\}\\textbackslash{}z\\textasciicircum{}2"
                               "\\textasciitilde{}\\#\\textless{}b\\textgreater{}"));
  EXPECT_THAT(latex, HasSubstr("\\toprule\nStrategy & Runs & Accuracy (\\%) & Loss"));
  EXPECT_THAT(latex, HasSubstr("sync\\_sgd & 2 & "));
  EXPECT_THAT(latex, HasSubstr("\\textbf{"));
  EXPECT_THAT(latex, Not(HasSubstr("±")));
}

TEST_F(ReportTest, VegaLiteHoldsItsData) {
  const nlohmann::json vega = nlohmann::json::parse(render("vl.json"));
  EXPECT_EQ(vega["data"]["values"].size(), 44U);
  EXPECT_EQ(vega["vconcat"].size(), 2U) << "no chart without points";
  EXPECT_EQ(vega["vconcat"][0]["layer"][1]["encoding"]["x"]["title"], "time (s)");
}

TEST_F(ReportTest, FormatsFollowTheFileName) {
  EXPECT_STREQ(report_format_of("b.vl.json").name, "vl.json");
  EXPECT_STREQ(report_format_of("a/b.long.csv").name, "long.csv");
  EXPECT_STREQ(report_format_of("b.csv").name, "csv");
  EXPECT_THAT(message_of([] { return report_format_of("b.pdf").name; }), HasSubstr("no report format for 'b.pdf'"));
  EXPECT_THAT(message_of([] { return report_format("htm").name; }), HasSubstr("did you mean 'html'?"));
}

TEST_F(ReportTest, FilesAreReplacedWholeOrNotAtAll) {
  write_atomically(file("out.md"), "old");
  write_atomically(file("out.md"), "new");
  std::ostringstream content;
  content << std::ifstream(file("out.md")).rdbuf();
  EXPECT_EQ(content.str(), "new");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(file().parent_path()), {}), 2) << "no temporary is left";
  EXPECT_THAT(message_of([&] { write_atomically(file("no") / "out.md", "x"); }), HasSubstr("No such file"));
  EXPECT_THAT(message_of([&] { write_atomically(file().parent_path(), "x"); }), HasSubstr("it is a folder"));
  EXPECT_THAT(message_of([] { write_atomically("/dev/full", "x"); }), HasSubstr("No space left"));
}

}  // namespace
}  // namespace sac
