#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>

namespace sac {

/// How a reduction combines the ranks' elements; sums are taken in rank order, the mean divides the sum once.
enum class Reduce { kSum, kMean, kMax };

/// A communication under way. Destroying an unfinished handle without waiting is an error of the strategy's.
class Work {
 public:
  virtual ~Work() = default;
  /// Blocks until the result stands in the tensors given at the start. The second call does nothing.
  /// @throws CommunicationError  deadlock, mismatched collective, a dead peer.
  virtual void wait() = 0;
  /// After `wait`: false where the result will never come, for its sender has died; the tensor is as it was.
  [[nodiscard]] virtual bool arrived() const { return true; }
  /// Names the operation across a checkpoint; see Communicator::reattach.
  [[nodiscard]] virtual std::int64_t id() const = 0;
};
using WorkPtr = std::unique_ptr<Work>;

/// A group of ranks that exchange tensors: simulated, Gloo or NCCL. All tensors are contiguous and one-dimensional;
/// every rank calls the same collectives in the same order with equal sizes and dtypes. The `_async` forms borrow their
/// tensors until `wait` returns: neither read nor write them meanwhile. One object a worker; not thread-safe.
class Communicator {
 public:
  virtual ~Communicator() = default;
  [[nodiscard]] virtual int rank() const = 0;
  [[nodiscard]] virtual int size() const = 0;

  /// In place: tensor [n] becomes the reduction over ranks.
  virtual WorkPtr all_reduce_async(const at::Tensor& tensor, Reduce op) = 0;
  /// In place: tensor [n] becomes rank `root`'s.
  virtual WorkPtr broadcast_async(const at::Tensor& tensor, int root) = 0;
  /// output [size * n] takes rank r's input [n] at r * n.
  virtual WorkPtr all_gather_async(const at::Tensor& input, const at::Tensor& output) = 0;
  /// output [n] takes this rank's slice of the reduction of input [size * n].
  virtual WorkPtr reduce_scatter_async(const at::Tensor& input, const at::Tensor& output, Reduce op) = 0;
  /// Point to point, matched by (source, tag) in order of sending. `send` finishes when the data has arrived.
  virtual WorkPtr send_async(const at::Tensor& tensor, int destination, int tag = 0) = 0;
  /// @param source  a rank or kAnySource.
  virtual WorkPtr recv_async(const at::Tensor& tensor, int source, int tag = 0) = 0;
  virtual WorkPtr barrier_async() = 0;

  /// The communicator of the ranks that gave the same `color`, ranked as here. Collective; free of charge.
  virtual std::unique_ptr<Communicator> split(int color) = 0;

  /// Takes hold again of an operation that was under way when a checkpoint was written; `tensor` receives the result.
  virtual WorkPtr reattach(std::int64_t id, const at::Tensor& tensor) = 0;

  void all_reduce(const at::Tensor& tensor, Reduce op) { all_reduce_async(tensor, op)->wait(); }
  void broadcast(const at::Tensor& tensor, int root) { broadcast_async(tensor, root)->wait(); }
  void all_gather(const at::Tensor& input, const at::Tensor& output) { all_gather_async(input, output)->wait(); }
  void reduce_scatter(const at::Tensor& input, const at::Tensor& output, Reduce op) {
    reduce_scatter_async(input, output, op)->wait();
  }
  void send(const at::Tensor& tensor, int destination, int tag = 0) { send_async(tensor, destination, tag)->wait(); }
  void recv(const at::Tensor& tensor, int source, int tag = 0) { recv_async(tensor, source, tag)->wait(); }
  void barrier() { barrier_async()->wait(); }

  static constexpr int kAnySource = -1;
};

}  // namespace sac
