#include "experiments/layer.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/experiments/fixture.h"

namespace sac {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string text_error(const std::string& text) {
  return error_of([&] { read_spec_text(text, "exp.toml"); });
}

std::filesystem::path write_file(const std::string& name, const std::string& text) {
  const std::filesystem::path path = std::filesystem::path(::testing::TempDir()) / name;
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

TEST(ReadSpec, FlattensTablesAndKeepsLines) {
  const Layer layer =
      read_spec_text("name = \"a\"\n[cluster]\nworkers = 2\n[cluster.network]\nlatency_s = 1e-3\n", "f.toml");
  ASSERT_EQ(layer.settings.size(), 3u);
  EXPECT_EQ(layer.settings[0].key, "cluster.network.latency_s");
  EXPECT_EQ(layer.settings[0].origin, "f.toml:5");
  EXPECT_EQ(std::get<double>(layer.settings[0].value), 1e-3);
  EXPECT_EQ(layer.settings[1].key, "cluster.workers");
  EXPECT_EQ(layer.settings[1].origin, "f.toml:3");
  EXPECT_EQ(layer.settings[2].key, "name");
}

TEST(ReadSpec, ListsAreHomogeneousAndIntegersMixWithNumbers) {
  const Layer layer = read_spec_text("a = [1, 2]\nb = [1, 2.5]\nc = ['x']\nd = []", "f.toml");
  EXPECT_EQ(std::get<Ints>(layer.settings[0].value), (Ints{1, 2}));
  EXPECT_EQ(std::get<Doubles>(layer.settings[1].value), (Doubles{1.0, 2.5}));
  EXPECT_EQ(std::get<Strings>(layer.settings[2].value), Strings{"x"});
  EXPECT_TRUE(std::get<Ints>(layer.settings[3].value).empty());
}

TEST(ReadSpec, RefusesWhatNoOptionHolds) {
  EXPECT_THAT(text_error("a = 1\nb = 2020-01-01\n"), StartsWith("exp.toml:2: 'b' must be a boolean"));
  EXPECT_THAT(text_error("a = [1, 'x']"), StartsWith("exp.toml:1: 'a' must be"));
  EXPECT_THAT(text_error("a = [[1]]"), StartsWith("exp.toml:1: 'a' must be"));
  EXPECT_THAT(text_error("[[train]]\nsteps = 1"), StartsWith("exp.toml:1: 'train' must be"));
}

TEST(ReadSpec, NotTomlDuplicateAndQuotedKeysNameTheLine) {
  EXPECT_THAT(text_error("[train]\nsteps = = 3\n"), StartsWith("exp.toml:2: not TOML: "));
  EXPECT_THAT(text_error("[train]\nsteps = 3\nsteps = 4\n"), StartsWith("exp.toml:3: not TOML: "));
  EXPECT_THAT(text_error("just some words"), StartsWith("exp.toml:1: not TOML: "));
  EXPECT_THAT(text_error(std::string("a = \"\xff\"")), StartsWith("exp.toml:1: not TOML: "));
  EXPECT_THAT(text_error("\"train.steps\" = 3"), HasSubstr("is quoted"));
}

TEST(ReadSpec, ErrorsAreOneLine) {
  for (const char* text : {"a = \"x\ny\"", "a = '''\n", "[", "a.b.c", "= 3", "a = 99999999999999999999", "\x01"}) {
    const std::string message = text_error(text);
    EXPECT_THAT(message, StartsWith("exp.toml:"));
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
}

TEST(ReadSpec, AnEmptySpecSaysNothing) {
  for (const char* text : {"", "\n\n", "# only a comment\n", "[train]\n"}) {
    EXPECT_EQ(text_error(text), "exp.toml: is empty: it sets no key") << text;
  }
}

TEST(ReadSpec, DeepKeysAreRefusedBeforeTheyExhaustTheStack) {
  std::string deep = "a";
  for (int i = 0; i < 400'000; ++i) deep += ".a";
  EXPECT_THAT(text_error("x = 1\n" + deep + " = 1"), StartsWith("exp.toml:2: keys nest too deep"));
  EXPECT_THAT(text_error("[" + deep + "]\nb = 1"), StartsWith("exp.toml:1: keys nest too deep"));
  EXPECT_THAT(text_error("a = " + std::string(100'000, '[')), StartsWith("exp.toml:1: not TOML"));
  EXPECT_EQ(text_error("# ................................................................\na = 1"), "no error");
}

TEST(ReadSpec, FilesThatAreNone) {
  const std::string folder = ::testing::TempDir();
  EXPECT_THAT(error_of([&] { read_spec_file(folder); }), HasSubstr("is a folder, not a spec"));
  EXPECT_THAT(error_of([&] { read_spec_file(folder + "/no_such.toml"); }),
              HasSubstr("no_such.toml: cannot be read: No such file or directory"));
  const auto large = write_file("large.toml", std::string((1 << 20) + 1, '#'));
  EXPECT_THAT(error_of([&] { read_spec_file(large); }), HasSubstr("large.toml: is larger than 1 MiB"));
  EXPECT_THAT(error_of([&] { read_spec_file("/dev/zero"); }), HasSubstr("larger than 1 MiB"));
}

TEST(ReadEnvironment, TakesTablesAndKeysInAnyCase) {
  const char* const environment[] = {
      "PATH=/bin",       "SACTOOL_TRAIN__STEPS=10",       "SACTOOL_CLUSTER__NETWORK__BANDWIDTH_BPS=5e8",
      "SACTOOL_DATA=/x", "SACTOOL_strategy__name=staged", nullptr};
  const Layer layer = read_environment(environment);
  ASSERT_EQ(layer.settings.size(), 3u);
  EXPECT_EQ(layer.settings[0].key, "cluster.network.bandwidth_Bps");
  EXPECT_EQ(layer.settings[1].key, "train.steps");
  EXPECT_EQ(layer.settings[1].origin, "SACTOOL_TRAIN__STEPS");
  EXPECT_EQ(std::get<std::int64_t>(layer.settings[1].value), 10);
  EXPECT_EQ(layer.settings[2].key, "strategy.name");
  EXPECT_EQ(std::get<std::string>(layer.settings[2].value), "staged");
}

TEST(ReadUserFile, FollowsXdgAndMayBeEmpty) {
  const std::filesystem::path folder = std::filesystem::path(::testing::TempDir()) / "xdg";
  std::filesystem::create_directories(folder / "sactool");
  ::setenv("XDG_CONFIG_HOME", folder.c_str(), 1);
  std::filesystem::remove(folder / "sactool" / "config.toml");
  EXPECT_FALSE(read_user_file());
  write_file("xdg/sactool/config.toml", "# nothing yet\n");
  EXPECT_TRUE(read_user_file()->settings.empty());
  write_file("xdg/sactool/config.toml", "[train]\nlog_every = 50\n");
  EXPECT_EQ(read_user_file()->settings.front().key, "train.log_every");
  ::unsetenv("XDG_CONFIG_HOME");
}

TEST(ParseAssignment, TomlWhereItIsOneElseAString) {
  const auto value = [](const std::string& text) { return parse_assignment(text, "--set").value; };
  EXPECT_EQ(std::get<std::int64_t>(value("a.b=10")), 10);
  EXPECT_EQ(std::get<double>(value("a=1e-3")), 1e-3);
  EXPECT_EQ(std::get<bool>(value("a=true")), true);
  EXPECT_EQ(std::get<Ints>(value("a=[64, 32]")), (Ints{64, 32}));
  EXPECT_EQ(std::get<std::string>(value("a=local_sgd")), "local_sgd");
  EXPECT_EQ(std::get<std::string>(value("a=\"local_sgd\"")), "local_sgd");
  EXPECT_EQ(std::get<std::string>(value("a=1gbe")), "1gbe");
  EXPECT_EQ(std::get<std::string>(value("a=x=y")), "x=y");
}

TEST(ParseAssignment, RefusesWhatLooksLikeTomlButIsNot) {
  const auto error = [](const std::string& text) { return error_of([&] { parse_assignment(text, "--set"); }); };
  EXPECT_THAT(error("steps"), HasSubstr("--set 'steps' is not key=value"));
  EXPECT_THAT(error("=3"), HasSubstr("is not key=value"));
  EXPECT_THAT(error("a=[1"), HasSubstr("a = [1 is not a TOML value"));
  EXPECT_THAT(error("a="), HasSubstr("is not a TOML value"));
  EXPECT_THAT(error("a=99999999999999999999"), HasSubstr("is not a TOML value"));
}

TEST(ParseAssignment, AValueCannotSmuggleInAKey) {
  const Setting setting = parse_assignment("a=1\nb = 2", "--set");
  EXPECT_EQ(setting.key, "a");
  EXPECT_TRUE(std::holds_alternative<std::string>(setting.value));
}

}  // namespace
}  // namespace sac
