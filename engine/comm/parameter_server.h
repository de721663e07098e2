#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace sac {

class Archive;

/// What a worker says along with a push.
struct PushNote {
  double lr = 0.0;    ///< its step size
  double loss = 0.0;  ///< of the mini-batch behind the gradient; 0 unless the server decides by it
};

/// One message as a server shard sees it when it takes effect.
struct ServerUpdate {
  at::Tensor value;            ///< what the worker pushed to this shard: [n], a gradient's slice, or a codec's message
  int worker = 0;              ///< who pushed
  PushNote note{};             ///< what it says along with it
  std::int64_t staleness = 0;  ///< changes of this shard since the worker's last read
  double seconds = 0.0;        ///< the shard's clock, from any origin
};

/// What a strategy does with updates on one shard, and whom it lets wait. Called one at a time, in order of arrival.
class ServerRule {
 public:
  virtual ~ServerRule() = default;
  /// Takes an update in.  @return whether the shard's parameters [n] have changed.
  virtual bool apply(const ServerUpdate& update) = 0;
  /// Whether a worker that asks for the parameters may have them now; asked again after every call of another.
  [[nodiscard]] virtual bool may_read(int /*worker*/) const { return true; }
  /// The worker takes the parameters as they are.
  virtual void read(int /*worker*/) {}
  /// The worker will not push until it is back: nobody may wait for it.  @return as apply.
  virtual bool leave(int /*worker*/) { return false; }
  virtual void come_back(int /*worker*/) {}
  /// Whether what the worker computes now is of no use any more.
  [[nodiscard]] virtual bool in_vain(int /*worker*/) const { return false; }
  /// Updates thrown away so far.
  [[nodiscard]] virtual std::int64_t dropped() const { return 0; }
  /// Writes or reads the rule's own state (momentum, ...).
  virtual void io(Archive& archive) = 0;
};

/// The shared model, kept by one or more shards on hosts of their own. One object a worker; not thread-safe.
/// Every call blocks until its answer has arrived.
class ParameterServer {
 public:
  virtual ~ParameterServer() = default;
  [[nodiscard]] virtual int shards() const = 0;
  /// One round trip with every shard: shard s takes messages[s] in (nothing where `messages` is empty), and once it
  /// lets this worker read, answers[s] becomes its parameters (where `answers` is not empty). A shard whose message and
  /// answer are both undefined is not called at all.
  virtual void exchange(const std::vector<at::Tensor>& messages, const PushNote& note,
                        const std::vector<at::Tensor>& answers) = 0;

  /// The shards' slices of a flat tensor [D]: views.
  [[nodiscard]] std::vector<at::Tensor> slices(const at::Tensor& flat) const {
    std::vector<at::Tensor> views;
    const std::int64_t size = flat.numel();
    for (std::int64_t s = 0; s < shards(); ++s) {
      const std::int64_t begin = size * s / shards();
      views.push_back(flat.narrow(0, begin, size * (s + 1) / shards() - begin));
    }
    return views;
  }
  /// parameters [D] become the server's.
  void pull(const at::Tensor& parameters) { exchange({}, {}, slices(parameters)); }
  /// Sends update [D]; returns once every shard has taken it in and its acknowledgement is back.
  void push(const at::Tensor& update, double lr) { exchange(slices(update), {.lr = lr}, {}); }
  /// One round trip: each shard takes its part of update [D] in and answers with its parameters.
  void push_pull(const at::Tensor& update, double lr, const at::Tensor& parameters) {
    exchange(slices(update), {.lr = lr}, slices(parameters));
  }
};

}  // namespace sac
