#include "engine/fabric/group/group_world.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <utility>

#include "engine/core/error.h"
#include "engine/fabric/group/machine.h"
#include "engine/train/server_plan.h"
#include "engine/train/worker_loop.h"

namespace sac {
namespace {

constexpr int kSize = 1, kBytes = 2;  // tags
constexpr const char* kGathering = "the gathering of results";

/// body(i) for i in [0, count) on as many threads as ranks of this machine are idle meanwhile.
void parallel(int threads, std::int64_t count, const std::function<void(std::int64_t)>& body) {
  std::atomic<std::int64_t> next{0};
  const auto work = [&] {
    for (std::int64_t i = next++; i < count; i = next++) body(i);
  };
  std::vector<std::jthread> helpers;
  for (int i = 1; i < std::min<std::int64_t>(threads, count); ++i) helpers.emplace_back(work);
  work();
}

/// What rank 0 says under `name`; rank 0 says `mine`.
std::string of_root(const RankContext& context, const std::string& name, const std::string& mine) {
  if (context.launch.rank == 0) context.store->set(name, mine);
  while (true) {
    if (const auto said = context.store->get(name)) return *said;
    context.watch->check();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

bool on_machine_of_root(Rendezvous& store, Watch& watch, const Launch& launch) {
  return of_root({.launch = launch, .store = &store, .watch = &watch}, "machine", machine_id()) == machine_id();
}

/// Ranks of different specs would wait for each other's exchanges in vain, or mix what does not belong together.
void require_same_job(const RankContext& context, const std::string& key) {
  const std::string root = of_root(context, "job", key);
  if (root == key) return;
  throw ConfigError("runs another spec, data or version than rank 0 (run key " + key.substr(0, 12) +
                    ", rank 0: " + root.substr(0, 12) + "); give every rank the same");
}

void io(Archive& archive, Contribution& contribution, double& clock, std::int64_t& wire_bytes) {
  archive.io(contribution.step, contribution.samples, contribution.share.kind, contribution.share.parameters,
             contribution.buffers, contribution.stage, contribution.replica, clock, wire_bytes);
}

void io(Archive& archive, WorkerTotals& totals, double& seconds) {
  archive.io(totals.compute_s, totals.communication_s, totals.hidden_communication_s, totals.waiting_s, totals.idle_s,
             totals.payload_bytes, totals.wire_bytes, totals.messages, seconds);
}

WorkerTotals totals_of(const Ledger& ledger) {
  return {.compute_s = ledger.compute.value,
          .communication_s = ledger.communication.value,
          .hidden_communication_s = ledger.hidden_communication.value,
          .waiting_s = ledger.waiting.value,
          .idle_s = ledger.idle.value,
          .payload_bytes = ledger.payload.value,
          .wire_bytes = ledger.wire.value,
          .messages = ledger.messages};
}

}  // namespace

GroupWorld::GroupWorld(const Job& job, MetricSink& sink, const Launch& launch, const GroupConfig& config,
                       Rendezvous& store, Watch& watch)
    : job_(&job),
      config_(config),
      watch_(&watch),
      time_(on_machine_of_root(store, watch, launch)),
      context_{.launch = launch,
               .backend = config.backend,
               .device = job.device,
               .timeout = config.timeout,
               .store = &store,
               .watch = &watch,
               .time = &time_,
               .ledger = &ledger_},
      server_strategy_(job.strategy()),
      recorder_(
          job, sink,
          [threads = launch.local_world_size](std::int64_t count, const auto& body) { parallel(threads, count, body); },
          [this] { return served_model(); }) {
  require_same_job(context_, job.key);
  if (server_strategy_->traits().server) start_server();
  control_ = std::make_unique<ProcessGroup>(context_, Backend::kGloo, "control", launch.rank, launch.world_size);
  world_ = std::make_unique<GroupCommunicator>(context_, "world", launch.rank, launch.world_size);
  reports_ = std::make_unique<Reports>(context_, [this](const TimedReport& report) {
    const std::lock_guard lock(recording_);
    recorder_.report(report.report, report.clock, report.wire_bytes);
  });
  endpoint_ = std::make_unique<GroupEndpoint>(
      context_, *world_, server_.get(), server_strategy_ && server_strategy_->traits().deterministic, *reports_,
      [this](Contribution& given, double clock, std::int64_t bytes) { contribute(given, clock, bytes); }, job.stop);
}

void GroupWorld::start_server() {
  const ServerPlan plan =
      plan_server(*server_strategy_, *job_, at::TensorOptions(job_->model->dtype()), config_.shards);
  const ServerLayout server{.parameters = plan.model.numel(),
                            .dtype = job_->model->dtype(),
                            .workers = context_.launch.world_size,
                            .shards = plan.shards,
                            .replicated = server_strategy_->traits().replicated};
  for (int shard = context_.launch.rank; shard < server.shards; shard += server.workers) {
    shards_.push_back(std::make_unique<ShardService>(context_, server, shard, plan.model, plan.make_rule));
  }
  server_ = std::make_unique<GroupServer>(context_, server);
}

void GroupWorld::barrier() { control_->barrier()->wait(*watch_, "a barrier", config_.timeout); }

void GroupWorld::align() { time_.align(*control_, *watch_, config_.timeout); }

void GroupWorld::run() {
  WorkerLoop loop(*job_, context_.launch.rank, *endpoint_);
  align();
  barrier();
  endpoint_->start_clock();
  loop.run("");
  reports_->finish();
  if (server_) server_->announce(ServerCall::kLeave);
  for (const auto& shard : shards_) shard->join();
}

/// The clocks stand still: everybody hands its share to rank 0, which evaluates while the others wait.
void GroupWorld::contribute(Contribution& contribution, double clock, std::int64_t wire_bytes) {
  align();
  endpoint_->settle();
  seconds_ = clock;
  if (context_.launch.rank != 0) {
    Archive archive;
    io(archive, contribution, clock, wire_bytes);
    send_to_root(std::move(archive));
    return barrier();
  }
  {
    const std::lock_guard lock(recording_);
    bool complete = recorder_.contribute(contribution, clock, wire_bytes);
    for (int rank = 1; rank < context_.launch.world_size; ++rank) {
      Archive archive = receive_from(rank);
      Contribution theirs;
      io(archive, theirs, clock, wire_bytes);
      complete = recorder_.contribute(theirs, clock, wire_bytes);
    }
    if (complete) recorder_.evaluate(contribution.step);
  }
  barrier();
}

at::Tensor GroupWorld::served_model() {
  const Layout& layout = job_->model->layout();
  const std::int64_t size = server_strategy_->served(layout).size();
  const at::Tensor model = at::empty({size + server_strategy_->served_besides(layout)}, job_->tensor_options());
  server_->peek(model);
  return model.narrow(0, 0, size);
}

void GroupWorld::send_to_root(Archive archive) {
  std::string text = archive.bytes();
  const at::Tensor size = at::empty({1}, at::TensorOptions(at::kLong)).fill_(static_cast<std::int64_t>(text.size()));
  control_->send(size, 0, kSize)->wait(*watch_, kGathering, config_.timeout);
  control_->send(bytes_tensor(text), 0, kBytes)->wait(*watch_, kGathering, config_.timeout);
}

Archive GroupWorld::receive_from(int rank) {
  const at::Tensor size = at::empty({1}, at::TensorOptions(at::kLong));
  control_->recv(size, rank, kSize)->wait(*watch_, kGathering, config_.timeout);
  std::string text(static_cast<std::size_t>(size.item<std::int64_t>()), '\0');
  control_->recv(bytes_tensor(text), rank, kBytes)->wait(*watch_, kGathering, config_.timeout);
  return Archive(std::move(text));
}

void GroupWorld::fill(RunOutcome& outcome) {
  WorkerTotals mine = totals_of(ledger_);
  if (context_.launch.rank != 0) {
    Archive archive;
    io(archive, mine, seconds_);
    return send_to_root(std::move(archive));
  }
  recorder_.fill(outcome);
  if (!shards_.empty()) outcome.staleness = shards_.front()->staleness();
  std::vector<double> seconds{seconds_};
  outcome.workers.push_back(mine);
  for (int rank = 1; rank < context_.launch.world_size; ++rank) {
    Archive archive = receive_from(rank);
    WorkerTotals totals;
    double theirs = 0.0;
    io(archive, totals, theirs);
    outcome.workers.push_back(totals);
    seconds.push_back(theirs);
  }
  outcome.seconds = *std::max_element(seconds.begin(), seconds.end());
  for (std::size_t rank = 0; rank < seconds.size(); ++rank)
    outcome.workers[rank].idle_s += outcome.seconds - seconds[rank];
}

}  // namespace sac
