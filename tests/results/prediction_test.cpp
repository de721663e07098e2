#include "results/prediction.h"

#include <gmock/gmock.h>

#include <cmath>

#include "results/compare.h"
#include "results/compare_table.h"
#include "results/json.h"
#include "results/report.h"
#include "tests/results/fixture.h"

namespace sac {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string spec(const std::string& fabric, const std::string& network, int steps = 100) {
  return "[cluster]\nfabric = \"" + fabric + "\"\n\n[cluster.network]\n" + network +
         "\n[strategy]\nname = \"sync_sgd\"\n\n[train]\nsteps = " + std::to_string(steps) + "\n";
}

RunRecord record(std::int64_t run, const std::string& fabric, const std::string& network, int steps = 100) {
  RunRecord record;
  record.run = run;
  record.name = "run" + std::to_string(run);
  record.status = "FINISHED";
  record.fabric = fabric;
  record.spec = spec(fabric, network, steps);
  return record;
}

const char* const kDefault = "all_reduce = []\nlatency_s = 0.1\n";
const char* const kProfile = "all_reduce = [8.0, 1.0, 1.0]\nlatency_s = 0.2\n";

TEST(Predictions, PairSpecsThatDifferInFabricAndSpeedsOnly) {
  const auto pairs = predicted_runs({record(1, "virtual", kProfile), record(2, "gloo", kDefault),
                                     record(3, "gloo", kDefault, 50), record(4, "virtual", kProfile, 60)});
  ASSERT_EQ(pairs.size(), 1u);
  EXPECT_EQ(pairs[0].measured.run, 2);
  EXPECT_EQ(pairs[0].predicted.run, 1);
}

TEST(Predictions, PreferTheVerySameSpeedsThenAProfileThenTheNewest) {
  const RunRecord plain = record(1, "virtual", kDefault);
  const RunRecord measured = record(2, "virtual", kProfile);
  const RunRecord newest = record(3, "virtual", "all_reduce = []\nlatency_s = 0.3\n");
  EXPECT_EQ(predicted_runs({plain, measured, newest, record(4, "gloo", kDefault)})[0].predicted.run, 1);
  EXPECT_EQ(predicted_runs({plain, measured, newest, record(4, "gloo", "latency_s = 9.0\n")})[0].predicted.run, 2);
  EXPECT_EQ(predicted_runs({plain, newest, record(4, "gloo", "latency_s = 9.0\n")})[0].predicted.run, 3);
}

TEST(Predictions, UnfinishedRunsAreNone) {
  RunRecord failed = record(2, "gloo", kDefault);
  failed.status = "FAILED";
  EXPECT_TRUE(predicted_runs({record(1, "virtual", kDefault), failed}).empty());
}

TEST(Predictions, QuantitiesAreSideBySide) {
  RunRecord predicted = record(1, "virtual", kDefault);
  RunRecord measured = record(2, "gloo", kDefault);
  predicted.seconds = 3.0;
  measured.seconds = 2.0;
  predicted.communication_s = 1.0;
  measured.communication_s = 0.5;
  measured.waiting_s = 0.5;
  const auto quantities = predicted_quantities(predicted, measured);
  EXPECT_STREQ(quantities[0].name, "time");
  EXPECT_DOUBLE_EQ(quantities[0].ratio(), 1.5);
  EXPECT_DOUBLE_EQ(quantities[2].ratio(), 2.0);
  EXPECT_DOUBLE_EQ(quantities[4].ratio(), 1.0);
  EXPECT_TRUE(std::isnan(quantities[1].ratio()));
  EXPECT_EQ(ratio_text(quantities[1].ratio()), "-");
  EXPECT_THAT(prediction_text(quantities, false), HasSubstr("communication + waiting"));
  EXPECT_EQ(json_quantities(quantities)["time_s"]["ratio"], 1.5);
}

TEST(Predictions, DifferentKeysLeaveTheClustersSpeedOut) {
  EXPECT_THAT(different_keys(spec("gloo", kDefault), spec("virtual", kProfile, 50)), ElementsAre("train.steps"));
}

CompareRequest only(const std::string& word) {
  CompareRequest request;
  request.words = {word};
  return request;
}

class PredictionReports : public ResultsTest {
 protected:
  /// One real run and one virtual run of one spec.
  Store stored() {
    Store store = Store::open(file(), Store::Mode::kWrite);
    for (const std::string fabric : {"virtual", "gloo"}) {
      RunContext context = sample_context("sync_sgd", 0, "on-" + fabric);
      context.fabric = fabric;
      context.key += fabric;
      context.group_key += fabric;
      context.spec_toml = spec(fabric, fabric == "gloo" ? kDefault : kProfile);
      store_run(store, context, sample_outcome(0.8, fabric == "gloo" ? 8.0 : 10.0));
    }
    return store;
  }
};

TEST_F(PredictionReports, ShowTheRatioInEveryFormat) {
  const Store store = stored();
  const Comparison comparison = compare(store, {});
  ASSERT_EQ(comparison.predictions.size(), 1u);
  EXPECT_THAT(comparison_text(comparison), HasSubstr("predicted against measured"));
  EXPECT_THAT(comparison_text(comparison), HasSubstr("1.250"));
  EXPECT_EQ(json_comparison(comparison)["predictions"][0]["quantities"]["time_s"]["ratio"], 1.25);
  const ReportData data = collect_report(store, {}, "");
  EXPECT_THAT(render_markdown(store, data), HasSubstr("## Predicted against measured"));
  EXPECT_THAT(render_html(store, data), HasSubstr("<h2>Predicted against measured</h2>"));
}

TEST_F(PredictionReports, AreForTheSelectedRunsWhoeverPredictsThem) {
  const Store store = stored();
  EXPECT_EQ(compare(store, only("on-gloo")).predictions.size(), 1u);
  EXPECT_TRUE(compare(store, only("on-virtual")).predictions.empty());
}

TEST_F(PredictionReports, TellFabricsApartByNameAndLongValuesByTheirLength) {
  const Comparison comparison = compare(stored(), {});
  EXPECT_EQ(comparison.groups[0].group.label, "sync_sgd fabric=virtual");
  EXPECT_EQ(comparison.groups[1].group.label, "sync_sgd fabric=gloo");
}

}  // namespace
}  // namespace sac
