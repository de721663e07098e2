#include "engine/fabric/virtual/virtual_world.h"

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "engine/core/error.h"
#include "engine/train/server_plan.h"

namespace sac {
namespace {

int host_count(const ClusterConfig& config) {
  return static_cast<int>(config.workers / config.network.workers_per_host);
}

double flops_of_batch(const Job& job) {
  const Layout& layout = job.model->layout();
  return (layout.forward_flops() + layout.backward_flops()) * static_cast<double>(job.train.batch_size);
}

/// On the CPU the slots share the work; a device is filled by one thread.
ParallelFor side_by_side(at::Device device, Scheduler& scheduler) {
  if (device.is_cpu()) {
    return [&scheduler](std::int64_t count, const auto& body) { scheduler.parallel(count, body); };
  }
  return [](std::int64_t count, const auto& body) {
    for (std::int64_t i = 0; i < count; ++i) body(i);
  };
}

template <class... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};

}  // namespace

VirtualWorld::VirtualWorld(const Job& job, const ClusterConfig& config, MetricSink& sink, Scheduler& scheduler)
    : job_(&job),
      scheduler_(&scheduler),
      network_(config.network),
      compute_(config.compute, flops_of_batch(job)),
      fences_(job.device, static_cast<int>(config.workers)),
      transport_(network_, host_count(config) + static_cast<int>(config.server.shards), scheduler),
      collectives_(network_, scheduler, static_cast<int>(config.workers), config.carries_values),
      mailbox_(network_, transport_, scheduler),
      computations_(scheduler),
      server_strategy_(job.strategy()),
      server_(make_server(config, static_cast<int>(config.workers))),
      recorder_(
          job, sink, side_by_side(job.device, scheduler),
          [this] { return server_->model().narrow(0, 0, server_strategy_->served(job_->model->layout()).size()); }),
      faults_(config.faults),
      goes_on_(config.goes_on || server_strategy_->traits().on_death == OnDeath::kGoesOn),
      presence_(static_cast<std::size_t>(config.workers)) {
  if (server_) recorder_.observe_by([this] { return observe_server(); });
  check_faults(faults_, config.goes_on, server_strategy_->traits().on_death, "of this run");
  const auto workers = static_cast<int>(config.workers);
  const int shards = server_ ? server_->shards() : 0;
  for (int rank = 0; rank < workers; ++rank) {
    endpoints_.push_back(std::make_unique<VirtualEndpoint>(scheduler, fences_, compute_, faults_, rank, workers, shards,
                                                           job.train.seed));
    endpoints_.back()->record_to(config.timeline);
  }
  for (std::size_t i = 0; i < faults_.size(); ++i) {
    scheduler.schedule(faults_[i].at_s, faults_[i].worker, Event::Kind::kFault, static_cast<std::int64_t>(i));
  }
}

std::unique_ptr<ServerHost> VirtualWorld::make_server(const ClusterConfig& config, int workers) {
  if (!server_strategy_->traits().server) return nullptr;
  const Fences::Turn turn(fences_, Fences::kEveryone);
  const ServerPlan plan = plan_server(*server_strategy_, *job_, job_->tensor_options(), config.server.shards);
  const bool beside_workers = server_strategy_->traits().replicated;
  std::vector<int> places;
  for (int shard = 0; shard < plan.shards; ++shard) {
    places.push_back(beside_workers ? network_.host_of(shard) : host_count(config) + shard);
  }
  return std::make_unique<ServerHost>(config.server, beside_workers, plan.model, plan.make_rule, workers, places,
                                      transport_, *scheduler_, computations_);
}

void VirtualWorld::handle(int rank, std::int64_t ticket, Request& request) {
  std::visit(
      Overloaded{
          [&](const CollectiveRequest& collective) { collectives_.arrive(rank, ticket, collective); },
          [&](const SplitRequest& split) { collectives_.arrive(rank, ticket, split); },
          [&](const SendRequest& send) { mailbox_.send(rank, ticket, send); },
          [&](const ReceiveRequest& receive) { mailbox_.receive(rank, ticket, receive); },
          [&](const ServerRequest& asked) {
            if (!server_)
              throw CommunicationError("a worker calls the parameter server, but its strategy's traits ask for none");
            const Fences::Turn turn(fences_, rank);
            server_->request(rank, network_.host_of(rank), ticket, asked);
          },
          [&](const PresenceRequest& said) {
            const Fences::Turn turn(fences_, rank);
            server_->presence(rank, said.present);
          },
          [&](const ComputeRequest& asked) { computations_.begin(rank, ticket, asked.seconds); },
          [&](const ReportRequest& said) {
            presence_[static_cast<std::size_t>(rank)].reported = said.report.step;
            recorder_.report(said.report, said.clock, said.wire_bytes);
          },
          [&](const ContributeRequest& given) {
            presence_[static_cast<std::size_t>(rank)].contributed = given.contribution.step;
            const Fences::Turn turn(fences_, rank);
            if (recorder_.contribute(given.contribution, given.clock, given.wire_bytes)) {
              evaluate(given.contribution.step);
            }
          },
      },
      request);
}

void VirtualWorld::evaluate(std::int64_t step) {
  scheduler_->quiesce([&] {
    fences_.drain();
    const auto begin = std::chrono::steady_clock::now();
    recorder_.evaluate(step);
    evaluation_s_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  });
}

void VirtualWorld::fire(const Event& event) {
  if (event.kind == Event::Kind::kFlow) return transport_.flows_changed();
  const bool collective = event.kind == Event::Kind::kCollectiveDone;
  const Fences::Turn turn(fences_, collective ? Fences::kEveryone : event.rank);
  switch (event.kind) {
    case Event::Kind::kFlow: break;  // above
    case Event::Kind::kCollectiveDone: collectives_.finish(event.subject); break;
    case Event::Kind::kServed: server_->served(event.subject); break;
    case Event::Kind::kComputed: computations_.end(event.rank, event.subject); break;
    case Event::Kind::kFault: strike(faults_[static_cast<std::size_t>(event.subject)]); break;
    case Event::Kind::kDelivered: {
      const Transport::Message message = transport_.take(event.subject);
      switch (message.addressee) {
        case Addressee::kMailbox: mailbox_.deliver(message.subject); break;
        case Addressee::kServer: server_->arrived(message.subject); break;
        case Addressee::kWorker: server_->answered(message.subject); break;
      }
      break;
    }
  }
}

/// Mean staleness of the updates since the last points, and gradients thrown away or called off so far.
std::vector<std::pair<std::string, double>> VirtualWorld::observe_server() {
  ServerSeen now;
  for (const auto& [staleness, updates] : server_->staleness()) {
    now.updates += updates;
    now.staleness += staleness * updates;
  }
  std::vector<std::pair<std::string, double>> values;
  if (now.updates > seen_.updates) {
    const auto updates = static_cast<double>(now.updates - seen_.updates);
    values.emplace_back("staleness", static_cast<double>(now.staleness - seen_.staleness) / updates);
  }
  seen_ = now;
  const std::int64_t dropped = server_->dropped() + computations_.called_off();
  if (dropped > 0 || server_strategy_->traits().drops) values.emplace_back("dropped", static_cast<double>(dropped));
  return values;
}

/// Pauses and slow-downs are the endpoints' own affair: nobody is told.
void VirtualWorld::strike(const Fault& fault) {
  const bool dies = fault.kind == Fault::Kind::kDie;
  if (!dies && fault.kind != Fault::Kind::kRejoin) return;
  const VirtualEndpoint& endpoint = *endpoints_[static_cast<std::size_t>(fault.worker)];
  if (scheduler_->finished(fault.worker) && endpoint.now() < fault.at_s) return;  // it has done its work before
  presence_[static_cast<std::size_t>(fault.worker)].dead = dies;
  if (server_) server_->presence(fault.worker, !dies);
  if (goes_on_) dies ? mailbox_.leave(fault.worker) : mailbox_.come_back(fault.worker);
  if (dies && endpoint.gone_at() == fault.at_s) bury(fault.worker);
}

/// A worker that is gone for good: nothing is expected of it any more.
void VirtualWorld::bury(int rank) {
  if (goes_on_) collectives_.leave(rank);
  const Presence& last = presence_[static_cast<std::size_t>(rank)];
  for (const std::int64_t step : recorder_.depart(last.reported, last.contributed)) evaluate(step);
}

std::string VirtualWorld::why_stuck() const {
  std::string dead;
  for (const Fault& fault : faults_) {
    if (fault.kind != Fault::Kind::kDie || !presence_[static_cast<std::size_t>(fault.worker)].dead) continue;
    dead += (dead.empty() ? "worker " : ", worker ") + std::to_string(fault.worker) + " died at " +
            shortest(fault.at_s) + " s";
  }
  if (dead.empty()) return "";
  return dead + ", and the others wait for ever (cluster.on_failure = \"" + (goes_on_ ? "continue" : "stall") + "\")";
}

void VirtualWorld::require_survivors() const {
  if (recorder_.last_step() >= job_->train.steps) return;
  throw RunError("all workers died, the last after step " + std::to_string(recorder_.last_step()) + " of " +
                 std::to_string(job_->train.steps));
}

/// A checkpoint needs every worker's state at a step boundary; from then on its tickets are kept, until all have one.
void VirtualWorld::settle() {
  if (job_->stop != nullptr && job_->stop->load(std::memory_order_relaxed)) stopping_ = true;
  if (stopping_ && job_->checkpoint_path.empty()) return scheduler_->stop();
  if (stopping_) scheduler_->gather();
  if (!scheduler_->logging() || !scheduler_->all_have_boundary()) return;
  write_checkpoint();
  if (stopping_) return scheduler_->stop();
  scheduler_->drop_log();
}

/// What each worker stands for counts once: by its contribution to the last step, else by its boundary.
CheckpointContent VirtualWorld::checkpoint_content() const {
  std::int64_t step = job_->train.steps;
  std::vector<Contribution> standing;
  for (const auto& endpoint : endpoints_) {
    const Presence& presence = presence_[static_cast<std::size_t>(endpoint->rank())];
    const Contribution* boundary = scheduler_->standing(endpoint->rank());
    if (boundary == nullptr || presence.dead) continue;
    step = std::min(step, boundary->step);
    if (presence.contributed < job_->train.steps) standing.push_back(*boundary);
  }
  const std::int64_t recorded = recorder_.last_step();
  return {.manifest = {.run = std::filesystem::path(job_->checkpoint_path).filename().string(),
                       .key = job_->key,
                       .step = std::max(step, recorded),
                       .recorded_step = recorded,
                       .seconds = scheduler_->now(),
                       .spec = job_->spec},
          .layout = &job_->model->layout(),
          .model = recorder_.model_of(standing)};
}

void VirtualWorld::write_checkpoint() {
  const Fences::Turn turn(fences_, Fences::kEveryone);
  Archive archive;
  io(archive);
  CheckpointContent content = checkpoint_content();
  content.state = &archive;
  if (job_->checkpointing) job_->checkpointing(content.manifest.step);
  Checkpoints(job_->checkpoint_path).write(content, job_->train.checkpoints_kept);
}

void VirtualWorld::restore(const Checkpoint& checkpoint) {
  const Fences::Turn turn(fences_, Fences::kEveryone);
  Archive archive = checkpoint.state();
  io(archive);
}

void VirtualWorld::io(Archive& archive) {
  scheduler_->io(archive);
  transport_.io(archive);
  collectives_.io(archive);
  mailbox_.io(archive);
  computations_.io(archive);
  if (server_) server_->io(archive);
  recorder_.io(archive);
  archive.io(presence_, seen_);
  for (const auto& endpoint : endpoints_) {
    if (scheduler_->finished(endpoint->rank())) endpoint->io(archive);  // the others' lies in their boundary
  }
}

void VirtualWorld::fill(RunOutcome& outcome) const {
  recorder_.fill(outcome);
  if (server_) outcome.staleness = server_->staleness();
  for (const auto& endpoint : endpoints_) outcome.seconds = std::max(outcome.seconds, endpoint->now());
  for (const auto& endpoint : endpoints_) {
    const Ledger& ledger = endpoint->ledger();
    outcome.workers.push_back({.compute_s = ledger.compute.value,
                               .communication_s = ledger.communication.value,
                               .hidden_communication_s = ledger.hidden_communication.value,
                               .waiting_s = ledger.waiting.value,
                               .idle_s = (ledger.idle + endpoint->down()).value + outcome.seconds - endpoint->now(),
                               .payload_bytes = ledger.payload.value,
                               .wire_bytes = ledger.wire.value,
                               .messages = ledger.messages});
  }
}

}  // namespace sac
