#include "engine/fabric/group/local_launcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <memory>

#include "engine/core/error.h"
#include "engine/fabric/group/log_tail.h"

namespace sac {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

/// Short sleeps: a shell looks at its signals between commands, and one that comes before `sleep` starts waits for its
/// end.
constexpr const char* kForEver = "while :; do sleep 0.1; done";

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// True once the process has ended, within ten seconds.
bool ends(pid_t pid) {
  const int watched = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (watched < 0) return errno == ESRCH;
  pollfd event{.fd = watched, .events = POLLIN, .revents = 0};
  const bool ended = poll(&event, 1, 10'000) == 1;
  close(watched);
  return ended;
}

/// Ranks that are shell scripts, in a folder of their own: $RANK tells them apart.
class LocalRanksTest : public testing::Test {
 protected:
  LocalRanksTest() {
    std::string name = (std::filesystem::temp_directory_path() / "sactool-ranks-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~LocalRanksTest() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] LocalLaunch launch(int ranks, const std::string& script) const {
    return {.ranks = ranks,
            .program = "/bin/sh",
            .argv = {"sh", "-c", "cd '" + folder_.string() + "'; " + script},
            .master_port = 4711,
            .logs = folder_,
            .failure_grace = 10s,
            .stop_grace = 10s};
  }
  LocalEnd run(int ranks, const std::string& script) { return LocalRanks(signals_, launch(ranks, script)).wait(); }

  /// A pipe by name, on which ranks say that they are ready.
  void make_pipe() const { ASSERT_EQ(mkfifo(file("ready").c_str(), 0600), 0); }
  /// Waits for one line of one rank.
  [[nodiscard]] std::string line_of_a_rank() const {
    std::string line;
    std::ifstream pipe(file("ready"));
    std::getline(pipe, line);
    return line;
  }
  [[nodiscard]] std::filesystem::path file(const std::string& name) const { return folder_ / name; }

  BlockedSignals signals_;

 private:
  std::filesystem::path folder_;
};

TEST_F(LocalRanksTest, EachKnowsWhoItIs) {
  const LocalEnd end = run(3,
                           "echo $RANK/$WORLD_SIZE $LOCAL_RANK/$LOCAL_WORLD_SIZE $MASTER_ADDR:$MASTER_PORT "
                           "$SACTOOL_LAUNCHER \"$SACTOOL_ERROR_FILE\" > said$RANK");
  EXPECT_FALSE(end.failure);
  EXPECT_FALSE(end.killed);
  EXPECT_EQ(end.stop_signal, 0);
  EXPECT_EQ(read_file(file("said0")), "0/3 0/3 127.0.0.1:4711 1 " + file("rank0.log").string() + "\n");
  EXPECT_EQ(read_file(file("said2")), "2/3 2/3 127.0.0.1:4711 1 \n");
}

TEST_F(LocalRanksTest, WhatTheLauncherWasToldIsNotPassedOn) {
  setenv("RANK", "77", 1);
  setenv("SACTOOL_ERROR_FILE", "/nowhere", 1);
  run(2, "env > said$RANK");
  unsetenv("RANK");
  unsetenv("SACTOOL_ERROR_FILE");
  EXPECT_THAT(read_file(file("said1")), testing::Not(testing::AnyOf(HasSubstr("RANK=77"), HasSubstr("/nowhere"))));
  EXPECT_THAT(read_file(file("said1")), HasSubstr("PATH="));
}

TEST_F(LocalRanksTest, OthersWriteToTheirLogs) {
  run(2, "[ $RANK = 0 ] || { echo out; echo err >&2; cat; }");
  EXPECT_EQ(read_file(file("rank1.log")), "out\nerr\n");
  EXPECT_EQ(read_file(file("rank0.log")), "");
}

TEST_F(LocalRanksTest, TheFirstFailureEndsAll) {
  const LocalEnd end =
      run(4, "[ $RANK = 2 ] && { echo 'sactool: error: no luck'; echo bye; exit 3; }; " + std::string(kForEver));
  ASSERT_TRUE(end.failure);
  EXPECT_EQ(end.failure->rank, 2);
  EXPECT_EQ(end.failure->exit_code, 3);
  EXPECT_EQ(end.failure->signal, 0);
  EXPECT_EQ(end.failure->error, "no luck");
  EXPECT_EQ(end.failure->log, file("rank2.log"));
  EXPECT_EQ(how_it_ended(*end.failure), "exit code 3");
  EXPECT_FALSE(end.killed);
}

TEST_F(LocalRanksTest, ASignalIsNamed) {
  const LocalEnd end = run(2, "[ $RANK = 1 ] && kill -9 $$; " + std::string(kForEver));
  ASSERT_TRUE(end.failure);
  EXPECT_EQ(end.failure->rank, 1);
  EXPECT_EQ(how_it_ended(*end.failure), "SIGKILL");
  EXPECT_EQ(end.failure->log, "") << "it has written nothing";
}

TEST_F(LocalRanksTest, RankZeroWritesItsErrorToTheErrorFile) {
  const LocalEnd end =
      run(2, "[ $RANK = 0 ] && { echo 'x: error: here' > \"$SACTOOL_ERROR_FILE\"; exit 1; }; " + std::string(kForEver));
  ASSERT_TRUE(end.failure);
  EXPECT_EQ(end.failure->error, "here");
}

TEST_F(LocalRanksTest, WhoDoesNotEndIsKilled) {
  make_pipe();
  LocalLaunch stubborn = launch(
      2, "[ $RANK = 0 ] && { cat ready > /dev/null; exit 1; }; trap '' TERM; echo > ready; " + std::string(kForEver));
  stubborn.failure_grace = 50ms;
  const LocalEnd end = LocalRanks(signals_, stubborn).wait();
  EXPECT_EQ(end.failure->rank, 0);
  EXPECT_TRUE(end.killed);
}

TEST_F(LocalRanksTest, AStoppedRankEndsToo) {
  make_pipe();
  LocalRanks ranks(signals_, launch(2, "[ $RANK = 1 ] && kill -STOP $$; cat ready > /dev/null; exit 1"));
  ASSERT_EQ(waitpid(ranks.pid(1), nullptr, WUNTRACED), ranks.pid(1));
  std::ofstream(file("ready")) << "go\n";
  const LocalEnd end = ranks.wait();
  EXPECT_EQ(end.failure->rank, 0);
  EXPECT_FALSE(end.killed) << "it was woken up to end by itself";
}

TEST_F(LocalRanksTest, AStopSignalIsPassedOnOnceAndIsNoFailure) {
  make_pipe();
  int told = 0;
  LocalLaunch polite = launch(1, "trap 'exit 130' INT; echo ready > ready; " + std::string(kForEver));
  polite.stopping = [&told](int signal) { told = signal; };
  LocalRanks ranks(signals_, polite);
  EXPECT_EQ(line_of_a_rank(), "ready");
  kill(getpid(), SIGINT);
  const LocalEnd end = ranks.wait();
  EXPECT_EQ(end.stop_signal, SIGINT);
  EXPECT_EQ(told, SIGINT);
  EXPECT_FALSE(end.failure);
  EXPECT_FALSE(end.killed);
}

TEST_F(LocalRanksTest, TheSecondStopSignalKills) {
  make_pipe();
  LocalRanks ranks(signals_, launch(1, "trap '' INT TERM; echo ready > ready; " + std::string(kForEver)));
  EXPECT_EQ(line_of_a_rank(), "ready");
  kill(getpid(), SIGINT);
  kill(getpid(), SIGTERM);
  const LocalEnd end = ranks.wait();
  EXPECT_EQ(end.stop_signal, SIGINT);
  EXPECT_TRUE(end.killed);
}

TEST_F(LocalRanksTest, TimeToStopIsLimited) {
  make_pipe();
  LocalLaunch slow = launch(1, "trap '' INT; echo ready > ready; " + std::string(kForEver));
  slow.stop_grace = 50ms;
  LocalRanks ranks(signals_, slow);
  EXPECT_EQ(line_of_a_rank(), "ready");
  kill(getpid(), SIGINT);
  EXPECT_TRUE(ranks.wait().killed);
}

TEST_F(LocalRanksTest, WhatARankHasStartedEndsWithIt) {
  run(1, "sleep 1000 & echo $! > child; exit 1");
  EXPECT_TRUE(ends(std::stoi(read_file(file("child")))));
}

TEST_F(LocalRanksTest, NothingOutlivesTheObject) {
  pid_t pid = 0;
  {
    const LocalRanks ranks(signals_, launch(1, kForEver));
    pid = ranks.pid(0);
  }
  EXPECT_TRUE(ends(pid));
}

TEST_F(LocalRanksTest, NothingOutlivesAKilledLauncher) {
  int channel[2];
  ASSERT_EQ(pipe(channel), 0);
  const pid_t launcher = fork();
  if (launcher == 0) {
    LocalRanks ranks(signals_, launch(2, "trap '' TERM; exec sleep 1000"));
    const pid_t pids[] = {ranks.pid(0), ranks.pid(1)};
    if (write(channel[1], pids, sizeof pids) == sizeof pids) static_cast<void>(ranks.wait());
    _exit(1);
  }
  pid_t pids[2] = {0, 0};
  ASSERT_EQ(read(channel[0], pids, sizeof pids), static_cast<ssize_t>(sizeof pids));
  kill(launcher, SIGKILL);
  waitpid(launcher, nullptr, 0);
  for (const pid_t pid : pids) EXPECT_TRUE(ends(pid));
  close(channel[0]);
  close(channel[1]);
}

TEST_F(LocalRanksTest, WhatCannotStartIsSaid) {
  LocalLaunch missing = launch(2, "");
  missing.program = "/no/such/program";
  EXPECT_THROW(LocalRanks(signals_, missing), RunError);
  LocalLaunch nowhere = launch(2, "");
  nowhere.logs = "/no/such/folder";
  try {
    const LocalRanks ranks(signals_, nowhere);
    FAIL();
  } catch (const RunError& error) {
    EXPECT_THAT(error.what(), StartsWith("cannot write the log '/no/such/folder/rank0.log'"));
  }
}

TEST_F(LocalRanksTest, TheLastErrorOfALog) {
  const auto last = [this](const std::string& text) {
    std::ofstream(file("log")) << text;
    return last_error(file("log"));
  };
  EXPECT_EQ(last(""), "");
  EXPECT_EQ(last("\n \n"), "");
  EXPECT_EQ(last("one\ntwo\n\n"), "two");
  EXPECT_EQ(last("a: error: first\na: error: second\nfarewell\n"), "second");
  EXPECT_EQ(last("unfinished"), "unfinished");
  EXPECT_EQ(last(std::string(200'000, 'x') + "\na: error: far back\nlast\n"), "far back");
  EXPECT_EQ(last_error(file("none")), "");
}

}  // namespace
}  // namespace sac
