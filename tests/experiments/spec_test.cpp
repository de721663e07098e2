#include "experiments/spec.h"

#include "experiments/tables.h"
#include "tests/experiments/fixture.h"

namespace sac {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

RunSpec resolve_texts(const std::vector<std::string>& texts) {
  std::vector<Layer> layers;
  for (const std::string& text : texts) {
    layers.push_back(read_spec_text(text, "layer" + std::to_string(layers.size() + 1) + ".toml"));
  }
  return resolve(layers);
}

TEST(Resolve, WithoutLayersTrainsOneEpochOfTheDefaults) {
  const RunSpec spec = resolve({});
  EXPECT_EQ(spec.choice("data"), "fashion_mnist");
  EXPECT_EQ(spec.choice("model"), "mlp");
  EXPECT_EQ(spec.choice("optimizer"), "sgd");
  EXPECT_EQ(spec.choice("strategy"), "sync_sgd");
  EXPECT_EQ(spec.workers(), 4);
  EXPECT_EQ(spec.table("optimizer").number("lr"), 0.1);
  EXPECT_EQ(spec.table("train").number("epochs"), 1.0);
  EXPECT_EQ(spec.table("train").integer("steps"), 0);
  EXPECT_TRUE(spec.origins.empty());
}

TEST(Resolve, LaterLayersWinAndOriginsAreKept) {
  const RunSpec spec = resolve_texts({"[train]\nseed = 1\nbatch_size = 8\n", "[train]\nseed = 2\n"});
  EXPECT_EQ(spec.seed(), 2u);
  EXPECT_EQ(spec.table("train").integer("batch_size"), 8);
  EXPECT_EQ(spec.origins.at("train.seed"), "layer2.toml:2");
  EXPECT_EQ(spec.origins.at("train.batch_size"), "layer1.toml:3");
}

TEST(Resolve, StepsAndEpochsTurnEachOtherOffAcrossLayers) {
  const RunSpec by_steps = resolve_texts({"[train]\nepochs = 3\n", "[train]\nsteps = 7\n"});
  EXPECT_EQ(by_steps.table("train").integer("steps"), 7);
  EXPECT_EQ(by_steps.table("train").number("epochs"), 0.0);
  const RunSpec by_epochs = resolve_texts({"[train]\nsteps = 7\n", "[train]\nepochs = 3\n"});
  EXPECT_EQ(by_epochs.table("train").integer("steps"), 0);
  EXPECT_EQ(by_epochs.table("train").number("epochs"), 3.0);
  EXPECT_FALSE(by_epochs.origins.contains("train.steps"));
}

TEST(Resolve, RefusesNoLengthAndTwoLengths) {
  EXPECT_EQ(spec_error("[train]\nsteps = 0\n"), "exp.toml:2: train.steps = 0 is out of range; it must be >= 1");
  EXPECT_EQ(spec_error("[train]\nepochs = 0\n"), "exp.toml:2: train.epochs = 0 is out of range; it must be > 0");
  EXPECT_THAT(spec_error("[train]\nepochs = 1\nsteps = 5\n"), HasSubstr("exclude each other"));
}

TEST(Resolve, UnknownKeysNameFileLineAndTheNearest) {
  EXPECT_THAT(spec_error("[train]\nstesp = 3\n"),
              StartsWith("exp.toml:2: unknown key 'train.stesp'; did you mean 'train.steps'?"));
  EXPECT_THAT(spec_error("[train]\nlr = 3\n"), HasSubstr("did you mean 'optimizer.lr'?"));
  EXPECT_THAT(spec_error("steps = 3\n"), HasSubstr("unknown key 'steps'; did you mean 'train.steps'?"));
  EXPECT_THAT(spec_error("[data.tsv]\nzzzzzzzzzz = 3\n"),
              HasSubstr("'data.tsv.zzzzzzzzzz'; keys of data set 'tsv': name"));
  EXPECT_THAT(spec_error("[cluster.network]\nlatancy_s = 3\n"), HasSubstr("did you mean 'cluster.network.latency_s'?"));
  EXPECT_THAT(spec_error("[cluster]\nnetwork = 3\n"), HasSubstr("'cluster.network' is a table"));
  EXPECT_THAT(spec_error("strategy = 'sync_sgd'\n"),
              HasSubstr("'strategy' is a table, not a value; set its keys, e.g. strategy.name"));
}

TEST(Resolve, UnknownTablesNameFileLineAndTheNearest) {
  EXPECT_THAT(spec_error("[trian]\nsteps = 3\n"),
              StartsWith("exp.toml:1: unknown table 'trian'; did you mean 'train'?"));
  EXPECT_THAT(spec_error("[train]\nsteps = 1\n[clutser.network]\n"), HasSubstr("exp.toml:3: unknown table"));
  EXPECT_THAT(spec_error("[train.more]\nsteps = 3\n"), HasSubstr("unknown table 'train.more'"));
}

TEST(Resolve, UnknownChoicesNameTheNearest) {
  EXPECT_THAT(spec_error("[strategy]\nname = 'sync_sdg'\n"),
              StartsWith("exp.toml:2: unknown strategy 'sync_sdg'; did you mean 'sync_sgd'?"));
  EXPECT_THAT(spec_error("[data]\nname = 'fashion'\n"), StartsWith("exp.toml:2: unknown data set 'fashion'"));
  EXPECT_THAT(spec_error("[model]\nname = 'mpl'\n"), HasSubstr("did you mean 'mlp'?"));
  EXPECT_THAT(spec_error("[optimizer]\nname = 3\n"),
              HasSubstr("optimizer.name = 3 is an integer; it must be a string"));
}

TEST(Resolve, WrongTypesAndRangesNameTheValue) {
  EXPECT_THAT(spec_error("[train]\nsteps = 'many'\n"),
              HasSubstr("train.steps = \"many\" is a string; it must be an integer"));
  EXPECT_THAT(spec_error("[train]\nsteps = 1.5\n"), HasSubstr("it must be an integer"));
  EXPECT_THAT(spec_error("[optimizer]\nlr = nan\n"),
              AllOf(StartsWith("exp.toml:2: "), HasSubstr("optimizer.lr = nan is out of range")));
  EXPECT_THAT(spec_error("[cluster]\nworkers = 0\n"), HasSubstr("cluster.workers = 0 is out of range"));
  EXPECT_THAT(spec_error("[train]\nseed = -1\n"), HasSubstr("train.seed = -1 is out of range; it must be >= 0"));
  EXPECT_THAT(spec_error("[strategy]\nname = 'local_sgd'\nperiod = 0\n"),
              HasSubstr("strategy.period = 0 is out of range"));
}

TEST(Resolve, AValueIsCheckedEvenWhereALaterLayerWins) {
  EXPECT_THAT(error_of([] {
                resolve_texts({"[train]\nseed = -1\n", "[train]\nseed = 1\n"});
              }),
              StartsWith("layer1.toml:2: "));
}

TEST(Resolve, OptionsOfAnotherStrategyAreRefusedWithAWayOut) {
  EXPECT_THAT(spec_error("[strategy]\nperiod = 5\n"),
              AllOf(HasSubstr("strategy.period is an option of bmuf, "), HasSubstr(", local_sgd, "),
                    HasSubstr("not of strategy 'sync_sgd'"), HasSubstr("[strategy.bmuf]")));
}

TEST(Resolve, SubTablesCountForTheirChoiceAlone) {
  const std::string text = "[strategy.local_sgd]\nperiod = 5\n";
  EXPECT_EQ(spec_of("[strategy]\nname = 'local_sgd'\n" + text).table("strategy").integer("period"), 5);
  EXPECT_EQ(canonical_toml(spec_of("[train]\nseed = 0\n" + text)), canonical_toml(resolve({})));
  EXPECT_EQ(spec_of("[strategy]\nname = 'local_sgd'\nperiod = 3\n" + text).table("strategy").integer("period"), 5);
  EXPECT_THAT(spec_error("[strategy.local_sdg]\nperiod = 5\n"),
              HasSubstr("unknown strategy 'local_sdg'; did you mean 'local_sgd'?"));
  EXPECT_THAT(spec_error("[strategy.local_sgd]\nperiot = 5\n"), HasSubstr("did you mean 'strategy.period'?"));
  EXPECT_THAT(spec_error("[strategy.local_sgd]\nperiod = 0\n"), HasSubstr("out of range"));
  EXPECT_THAT(spec_error("[strategy.local_sgd]\nname = 'x'\n"), HasSubstr("has no meaning"));
}

TEST(Resolve, ALaterPlainKeyWinsOverAnEarlierSubTable) {
  const RunSpec spec =
      resolve_texts({"[strategy]\nname = 'local_sgd'\n[strategy.local_sgd]\nperiod = 5\n", "[strategy]\nperiod = 9\n"});
  EXPECT_EQ(spec.table("strategy").integer("period"), 9);
}

TEST(Resolve, NamesMustBeAbleToNameFiles) {
  EXPECT_EQ(spec_of("name = 'staged-1'").name, "staged-1");
  for (const char* bad :
       {"name = ''", "name = '../x'", "name = '-x'", "name = 'a/b'", "name = \"a\\nb\"", "name = 3"}) {
    EXPECT_THAT(spec_error(bad), StartsWith("exp.toml:1: name = ")) << bad;
  }
}

TEST(Resolve, ContradictionsAcrossTablesAreFound) {
  EXPECT_THAT(spec_error("[cluster]\nworkers = 2\n[cluster.compute]\nspeeds = [1, 2, 3]\n"), HasSubstr("speeds"));
}

TEST(CanonicalToml, ReadsBackAsTheSameSpec) {
  const RunSpec spec = with_steps(
      spec_of("name = 'n'\n[strategy]\nname = 'local_sgd'\n[model]\nhidden = [64, 32]\n[optimizer]\nlr = 0.3\n"
              "[cluster]\nworkers = 2\n[cluster.compute]\nspeeds = [1, 0.5]\n"),
      10);
  const std::string text = canonical_toml(spec);
  const RunSpec back = spec_of(text);
  EXPECT_EQ(canonical_toml(back), text);
  EXPECT_EQ(back.values(), spec.values());
  EXPECT_EQ(text.find("name = \"n\""), std::string::npos);
}

TEST(CanonicalToml, DoesNotDependOnHowTheSpecWasSaid) {
  EXPECT_EQ(canonical_toml(spec_of("[optimizer]\nlr = 1\n[train]\nseed = 3")),
            canonical_toml(resolve_texts({"train.seed = 4\n", "train.seed = 3\n", "optimizer = {lr = 1.0}\n"})));
}

TEST(AnnotatedToml, NamesWhoSetWhatAndReadsBack) {
  const RunSpec spec = spec_of("name = 'n'\n[train]\nseed = 3\n");
  const std::string text = annotated_toml(spec);
  EXPECT_THAT(text, HasSubstr("seed = 3  # exp.toml:3\n"));
  EXPECT_THAT(text, HasSubstr("batch_size = 32  # default\n"));
  const RunSpec back = spec_of(text);
  EXPECT_EQ(back.values(), spec.values());
  EXPECT_EQ(back.name, "n");
}

TEST(Tables, EveryOptionNameIsUniqueInItsTable) {
  for (const std::string& table : spec_tables()) {
    for (const std::string& choice : is_named_table(table) ? table_choices(table) : Strings{""}) {
      std::map<std::string, int> counts;
      for (const OptionSpec& option : table_options(table, choice)) ++counts[option.name];
      for (const auto& [name, count] : counts) EXPECT_EQ(count, 1) << table << "." << choice << "." << name;
    }
  }
}

}  // namespace
}  // namespace sac
