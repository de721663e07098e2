#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>

namespace sac {

class Archive;

/// One update as a server shard sees it when it takes effect.
struct ServerUpdate {
  at::Tensor value;            ///< [n], the shard's slice of what the worker pushed (a gradient)
  int worker = 0;              ///< who pushed
  double lr = 0.0;             ///< the worker's step size at the push
  std::int64_t staleness = 0;  ///< updates applied to this shard since the worker's last pull
};

/// What a strategy does with an update on one shard. Called in order of arrival, one update at a time.
class ServerRule {
 public:
  virtual ~ServerRule() = default;
  /// Changes the shard's parameters [n] in place.
  virtual void apply(const ServerUpdate& update) = 0;
  /// Writes or reads the rule's own state (momentum, ...).
  virtual void io(Archive& archive) = 0;
};

/// The shared model, kept by one or more shards on hosts of their own. One object a worker; not thread-safe.
/// Every call blocks until its answer has arrived.
class ParameterServer {
 public:
  virtual ~ParameterServer() = default;
  /// parameters [D] become the server's.
  virtual void pull(const at::Tensor& parameters) = 0;
  /// Sends update [D]; returns once every shard has applied it and its acknowledgement is back.
  virtual void push(const at::Tensor& update, double lr) = 0;
  /// One round trip: each shard applies its part of update [D] and answers with its parameters at that instant.
  virtual void push_pull(const at::Tensor& update, double lr, const at::Tensor& parameters) = 0;
};

}  // namespace sac
