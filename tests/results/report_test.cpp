#include "results/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <limits>
#include <sstream>

#include "engine/core/error.h"
#include "results/atomic_file.h"
#include "results/database.h"
#include "results/json.h"
#include "results/tfrecord.h"
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
    if (name == "long.csv" || name == "svg" || name == "trace.json" || format.render == nullptr) continue;
    const bool of_groups = name == "tex" || name == "vl.json";
    EXPECT_THAT(format.render(other, data), HasSubstr(of_groups ? "1 unfinished run(s) left out" : "FAILED")) << name;
  }
  EXPECT_THAT(report_format("json").render(other, data), HasSubstr("\"loss\":\"nan\""));
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
  EXPECT_STREQ(report_format_of("mlflow.db").name, "mlflow.db");
  EXPECT_STREQ(report_format_of("a.full.json").name, "full.json");
  EXPECT_STREQ(report_format_of("a/b.long.csv").name, "long.csv");
  EXPECT_STREQ(report_format_of("b.csv").name, "csv");
  EXPECT_THAT(message_of([] { return report_format_of("b.pdf").name; }), HasSubstr("no report format for 'b.pdf'"));
  EXPECT_THAT(message_of([] { return report_format("htm").name; }), HasSubstr("did you mean 'html'?"));
}

TEST_F(ReportTest, SvgIsOneDrawingWithoutVariables) {
  const std::string svg = render("svg", "a < b");
  EXPECT_THAT(svg, StartsWith("<svg xmlns=\"http://www.w3.org/2000/svg\" width="));
  EXPECT_THAT(svg, HasSubstr("<title>a &lt; b</title>"));
  EXPECT_THAT(svg, HasSubstr("Accuracy against bytes"));
  EXPECT_THAT(svg, Not(HasSubstr("var(")));
}

TEST_F(ReportTest, ATraceShowsOneRunThatHasATimeline) {
  CompareRequest one;
  one.words = {"1"};
  const auto trace = [&] { return report_format("trace.json").render(store_, collect_report(store_, one, "", 0)); };
  EXPECT_THAT(message_of([&] { return render("trace.json"); }), HasSubstr("shows one run, got 4"));
  EXPECT_THAT(message_of(trace), HasSubstr("run 1 'sync_sgd-w4-s0' has no timeline"));
  const std::unique_ptr<RunSink> sink = store_.sink();
  sink->begin(sample_context("staged", 0, "traced"));
  sink->finish(sample_outcome(0.9, 1.0));
  const std::vector<Span> spans = {{.rank = 1, .kind = Span::Kind::kCompute, .start = 0.5, .end = 0.75, .what = ""},
                                   {.rank = 1, .kind = Span::Kind::kTransfer, .start = 0.5, .end = 1, .what = "all"}};
  sink->timeline(spans);
  sink->timeline(spans);
  EXPECT_EQ(store_.timeline(sink->run_id()).size(), 2U) << "stored once";
  one.words = {"traced"};
  const nlohmann::json json = nlohmann::json::parse(trace());
  std::vector<nlohmann::json> events;
  for (const auto& event : json["traceEvents"]) {
    if (event["ph"] != "M") events.push_back(event);
  }
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[0]["ts"], 0.5e6);
  EXPECT_EQ(events[0]["dur"], 0.25e6);
  EXPECT_EQ(events[1]["ph"], "b");
  EXPECT_EQ(events[2]["ph"], "e");
  EXPECT_EQ(events[2]["ts"], 1e6);
}

TEST_F(ReportTest, MlflowHoldsRunsParametersAndHistory) {
  add("staged", 0, std::numeric_limits<double>::quiet_NaN(), 1.0, "");
  const auto& format = report_format("mlflow.db");
  const ReportData data = collect_report(store_, {}, "", 0);
  for (int again = 0; again < 2; ++again) format.write(store_, data, file("mlflow.db"));
  Database database(file("mlflow.db"), Database::Access::kReadOnly);
  EXPECT_EQ(database.integer("SELECT count(*) FROM runs"), 5);
  EXPECT_EQ(database.integer("SELECT count(*) FROM metrics WHERE \"key\" = 'accuracy' AND is_nan = 0"), 4 * 11);
  EXPECT_EQ(database.integer("SELECT count(*) FROM metrics WHERE is_nan"), 11);
  EXPECT_EQ(database.integer("SELECT step FROM latest_metrics WHERE \"key\" = 'loss' LIMIT 1"), 100);
  EXPECT_EQ(database.integer("SELECT count(*) FROM params WHERE \"key\" = 'train.steps' AND value = '100'"), 5);
  EXPECT_EQ(database.integer("SELECT count(*) FROM tags WHERE value = '<script>alert(1)</script>'"), 1);
}

TEST_F(ReportTest, TensorBoardGetsAFolderARun) {
  report_format("tensorboard").write(store_, collect_report(store_, {}, "", 0), file("logs"));
  std::size_t runs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(file("logs"))) {
    const auto events = std::filesystem::directory_iterator(entry)->path();
    EXPECT_THAT(events.filename().string(), StartsWith("events.out.tfevents."));
    EXPECT_GT(std::filesystem::file_size(events), 22U * 40U);
    ++runs;
  }
  EXPECT_EQ(runs, 4U);
  EXPECT_TRUE(std::filesystem::exists(file("logs") / "_script_alert_1___script_"));
}

TEST(TfRecord, ChecksumsAreCastagnolis) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(tfrecord("abc").size(), 8U + 4U + 3U + 4U);
  EXPECT_EQ(ProtoMessage().add_integer(2, 300).bytes(), "\x10\xAC\x02");
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
