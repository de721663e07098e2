#include "engine/fabric/group/rendezvous.h"

#include <c10/util/Flags.h>
#include <thread>

#include <cstdlib>
#include <future>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <vector>

#include "engine/core/error.h"
#include "engine/fabric/group/c10d_store.h"
#include "engine/fabric/group/probe.h"

C10_DECLARE_int(caffe2_log_level);

namespace sac {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr const char* kFailure = "failure";
constexpr auto kLastWords = 2s;  ///< in which the others read why the store ends

std::string joined_name(int rank) { return "joined/" + std::to_string(rank); }
std::string left_name(int rank) { return "left/" + std::to_string(rank); }

std::string address_of(const Launch& launch) { return launch.master_addr + ":" + std::to_string(launch.master_port); }

std::chrono::milliseconds milliseconds(Seconds seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds.value * 1e3));
}

/// Calls `action` and turns whatever LibTorch throws into one line about the store.
template <class Action>
auto answered(const Action& action) {
  try {
    return action();
  } catch (const std::exception& error) {
    throw CommunicationError("the cluster's store does not answer: " + first_line(error));
  }
}

c10::intrusive_ptr<c10d::TCPStore> host_store(int port, std::chrono::milliseconds timeout) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<std::uint16_t>(port);
  options.isServer = true;
  options.waitWorkers = false;
  options.timeout = timeout;
  try {
    return c10::make_intrusive<c10d::TCPStore>("localhost", options);
  } catch (const std::exception& error) {
    const std::string why = first_line(error);
    const bool in_use = why.find("EADDRINUSE") != std::string::npos || why.find("in use") != std::string::npos;
    throw CommunicationError("rank 0: cannot listen on port " + std::to_string(port) + ": " +
                             (in_use ? "it is in use; choose another MASTER_PORT" : why));
  }
}

[[noreturn]] void refuse_connection(const Launch& launch, const std::string& why) {
  throw CommunicationError("rank " + std::to_string(launch.rank) + ": cannot reach the cluster's store at " +
                           address_of(launch) + " (" + why + "); check MASTER_ADDR and MASTER_PORT, and that " +
                           (launch.store_hosted ? "the launcher" : "rank 0") + " runs there");
}

/// c10d waits for ever for an answer where something else listens, so it waits on a thread that can be left behind.
c10::intrusive_ptr<c10d::TCPStore> connect_store(const Launch& launch, Clock::time_point deadline) {
  const std::string nobody = wait_for_listener(launch.master_addr, launch.master_port, deadline);
  if (!nobody.empty()) refuse_connection(launch, nobody);
  c10d::TCPStoreOptions options;
  options.port = static_cast<std::uint16_t>(launch.master_port);
  options.waitWorkers = false;
  std::packaged_task<c10::intrusive_ptr<c10d::TCPStore>()> connect(
      [host = launch.master_addr, options] { return c10::make_intrusive<c10d::TCPStore>(host, options); });
  auto connected = connect.get_future();
  std::thread(std::move(connect)).detach();
  if (connected.wait_until(deadline) != std::future_status::ready) {
    refuse_connection(launch, "something else listens there");
  }
  try {
    return connected.get();
  } catch (const std::exception& error) {
    refuse_connection(launch, first_line(error));
  }
}

/// c10d reports on standard error what this project says in one line.
void silence_c10d() {
  if (std::getenv("TORCH_CPP_LOG_LEVEL") == nullptr) FLAGS_caffe2_log_level = c10::GLOG_FATAL;
}

/// The ranks that have not joined, "1, 3".
std::string missing_ranks(Rendezvous& rendezvous, int world_size) {
  std::vector<std::string> missing;
  for (int rank = 0; rank < world_size; ++rank) {
    if (!rendezvous.get(joined_name(rank))) missing.push_back(std::to_string(rank));
  }
  return join(missing);
}

void wait_for_all(Rendezvous& rendezvous, const Launch& launch, Clock::time_point deadline) {
  while (true) {
    if (const auto failure = rendezvous.failure()) throw CommunicationError(*failure);
    const std::string missing = missing_ranks(rendezvous, launch.world_size);
    if (missing.empty()) return;
    if (Clock::now() > deadline) {
      throw CommunicationError(rendezvous.fail("rank " + std::to_string(launch.rank) + ": rank " + missing + " of " +
                                               std::to_string(launch.world_size) + " did not join the cluster at " +
                                               address_of(launch) + " in time"));
    }
    std::this_thread::sleep_for(20ms);
  }
}

/// The others learn the reason from the store, so its host goes last.
void leave_failed(Rendezvous& rendezvous, const Launch& launch) {
  const auto deadline = Clock::now() + kLastWords;
  try {
    rendezvous.leave(launch.rank, launch.world_size, [&] { return rendezvous.hosts() && Clock::now() < deadline; });
  } catch (const CommunicationError&) {  // the host has left
  }
}

}  // namespace

std::string first_line(const std::exception& error) {
  const std::string text = error.what();
  return text.substr(0, text.find('\n'));
}

struct StoreHost::Impl {
  c10::intrusive_ptr<c10d::TCPStore> store;
};

StoreHost::StoreHost(int port) : impl_(std::make_unique<Impl>()) {
  silence_c10d();
  impl_->store = host_store(port, 60s);
}
StoreHost::~StoreHost() = default;
StoreHost::StoreHost(StoreHost&&) noexcept = default;
int StoreHost::port() const { return impl_->store->getPort(); }

Rendezvous::Rendezvous(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Rendezvous::~Rendezvous() = default;
Rendezvous::Rendezvous(Rendezvous&&) noexcept = default;

Rendezvous Rendezvous::join(const Launch& launch, Seconds timeout) {
  const auto deadline = Clock::now() + milliseconds(timeout);
  const bool hosts = launch.rank == 0 && !launch.store_hosted;
  auto impl = std::make_unique<Impl>();
  silence_c10d();
  impl->hosts = hosts;
  impl->tcp = hosts ? host_store(launch.master_port, milliseconds(timeout)) : connect_store(launch, deadline);
  impl->prefix = "sactool/" + launch.session;
  impl->store = c10::make_intrusive<c10d::PrefixStore>(impl->prefix, impl->tcp);
  Rendezvous rendezvous(std::move(impl));
  const std::string rank = std::to_string(launch.rank);
  const std::int64_t copies = answered([&] { return rendezvous.impl_->store->add("copies/" + rank, 1); });
  if (copies > 1) {
    throw CommunicationError(rendezvous.fail("rank " + rank + " was started twice in the cluster at " +
                                             address_of(launch) + "; give every process a rank of its own"));
  }
  rendezvous.set(joined_name(launch.rank), std::to_string(launch.world_size));
  try {
    wait_for_all(rendezvous, launch, deadline);
  } catch (const CommunicationError&) {
    leave_failed(rendezvous, launch);
    throw;
  }
  return rendezvous;
}

Rendezvous Rendezvous::clone() const {
  auto impl = std::make_unique<Impl>();
  impl->tcp = answered([&] { return impl_->tcp->clone(); });
  impl->prefix = impl_->prefix;
  impl->hosts = impl_->hosts;
  impl->store = c10::make_intrusive<c10d::PrefixStore>(impl->prefix, impl->tcp);
  return Rendezvous(std::move(impl));
}

void Rendezvous::set(const std::string& name, const std::string& text) {
  answered([&] { impl_->store->set(name, std::vector<std::uint8_t>(text.begin(), text.end())); });
}

std::optional<std::string> Rendezvous::get(const std::string& name) {
  return answered([&]() -> std::optional<std::string> {
    if (!impl_->store->check({name})) return std::nullopt;
    return impl_->store->get_to_str(name);
  });
}

std::string Rendezvous::fail(const std::string& why) {
  return answered([&] { return impl_->store->compareSet(kFailure, std::string(), why); });
}

std::optional<std::string> Rendezvous::failure() { return get(kFailure); }

bool Rendezvous::hosts() const { return impl_->hosts; }

void Rendezvous::leave(int rank, int size, const std::function<bool()>& waits) {
  set(left_name(rank), "1");
  for (int other = 0; other < size; ++other) {
    if (!get(joined_name(other))) continue;
    while (waits() && !get(left_name(other))) std::this_thread::sleep_for(5ms);
  }
}

}  // namespace sac
