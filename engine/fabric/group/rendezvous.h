#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/core/units.h"
#include "engine/fabric/group/launch.h"

namespace sac {

/// The key-value store at which ranks meet, hosted by a launcher so that it outlives any of them.
class StoreHost {
 public:
  /// Listens on all interfaces.  @param port  0 = any free one.  @throws CommunicationError  it is in use.
  explicit StoreHost(int port = 0);
  ~StoreHost();
  StoreHost(StoreHost&&) noexcept;
  [[nodiscard]] int port() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The first line of what LibTorch threw; it adds backtraces.
std::string first_line(const std::exception& error);

/// One rank's link to the store. Small texts under names; safe to call from one thread at a time (see clone).
/// Every call throws CommunicationError once the store does not answer.
class Rendezvous {
 public:
  struct Impl;  ///< c10d's store, for process_group.cpp

  /// Connects to the store (rank 0 hosts it, unless the launcher does) and returns when every rank is there.
  /// @throws CommunicationError  a port in use, an address that does not answer, ranks that do not come, a rank that
  /// was started twice, what another rank said with `fail`.
  static Rendezvous join(const Launch& launch, Seconds timeout);
  ~Rendezvous();
  Rendezvous(Rendezvous&&) noexcept;

  /// The same store over a connection of its own, for another thread.
  [[nodiscard]] Rendezvous clone() const;

  void set(const std::string& name, const std::string& text);
  /// The text under `name`, or nullopt where nobody has set it; does not wait.
  [[nodiscard]] std::optional<std::string> get(const std::string& name);
  /// Says why the cluster ends. The first to say so wins.  @return the text that won.
  std::string fail(const std::string& why);
  [[nodiscard]] std::optional<std::string> failure();
  /// True where the store ends with this process.
  [[nodiscard]] bool hosts() const;
  /// Says that rank `rank` needs the store no more, and waits while `waits()` until all `size` ranks that have joined
  /// have said so.
  void leave(int rank, int size, const std::function<bool()>& waits);

  [[nodiscard]] Impl& impl() const { return *impl_; }

 private:
  explicit Rendezvous(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sac
