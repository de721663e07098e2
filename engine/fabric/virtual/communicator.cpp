#include "engine/fabric/virtual/communicator.h"

#include <algorithm>
#include <tuple>

#include "engine/comm/tensor_checks.h"
#include "engine/fabric/virtual/mailbox.h"

namespace sac {
namespace {

class VirtualWork final : public Work {
 public:
  /// @param output  takes the result's elements from `offset` on; undefined where there is nothing to take.
  VirtualWork(VirtualEndpoint& endpoint, std::int64_t ticket, at::Tensor output, std::int64_t offset)
      : endpoint_(&endpoint), ticket_(ticket), output_(std::move(output)), offset_(offset) {}

  void wait() override {
    if (waited_) return;
    const Ticket ticket = endpoint_->wait(ticket_);
    arrived_ = ticket.value != Mailbox::kNobody;
    if (output_.defined() && ticket.result.defined()) take(ticket.result);
    waited_ = true;
  }
  [[nodiscard]] bool arrived() const override { return arrived_; }
  [[nodiscard]] std::int64_t id() const override { return ticket_; }

 private:
  /// A lone rank's reduction is what it gave.
  void take(const at::Tensor& result) {
    const at::Tensor mine = result.narrow(0, offset_, output_.numel());
    if (mine.const_data_ptr() != output_.const_data_ptr()) output_.copy_(mine);
  }

  VirtualEndpoint* endpoint_;
  std::int64_t ticket_;
  at::Tensor output_;
  std::int64_t offset_;
  bool waited_ = false;
  bool arrived_ = true;
};

}  // namespace

VirtualCommunicator::VirtualCommunicator(VirtualEndpoint& endpoint, std::int64_t group, std::vector<int> ranks)
    : endpoint_(&endpoint), group_(group), ranks_(std::move(ranks)) {
  rank_ = static_cast<int>(std::find(ranks_.begin(), ranks_.end(), endpoint.rank()) - ranks_.begin());
}

WorkPtr VirtualCommunicator::start(CollectiveRequest request, const std::string& name, const at::Tensor& output,
                                   std::int64_t offset) {
  request.group = group_;
  if (request.tensor.defined()) require_flat(request.tensor, name);
  std::string what = described(name, request.tensor);
  const at::Tensor tensor = request.tensor;
  const std::int64_t ticket = endpoint_->post(std::move(request), std::move(what), tensor);
  return std::make_unique<VirtualWork>(*endpoint_, ticket, output, offset);
}

WorkPtr VirtualCommunicator::all_reduce_async(const at::Tensor& tensor, Reduce op) {
  return start({.kind = CollectiveKind::kAllReduce, .op = op, .tensor = tensor}, "all_reduce", tensor);
}

WorkPtr VirtualCommunicator::broadcast_async(const at::Tensor& tensor, int root) {
  std::ignore = global(root, "broadcast root");
  return start({.kind = CollectiveKind::kBroadcast, .root = root, .tensor = tensor}, "broadcast", tensor);
}

WorkPtr VirtualCommunicator::all_gather_async(const at::Tensor& input, const at::Tensor& output) {
  require_flat(output, "all_gather");
  require_elements(output.numel(), input.numel() * size(), "all_gather output");
  return start({.kind = CollectiveKind::kAllGather, .tensor = input}, "all_gather", output);
}

WorkPtr VirtualCommunicator::reduce_scatter_async(const at::Tensor& input, const at::Tensor& output, Reduce op) {
  require_flat(output, "reduce_scatter");
  require_elements(input.numel(), output.numel() * size(), "reduce_scatter input");
  return start({.kind = CollectiveKind::kReduceScatter, .op = op, .tensor = input}, "reduce_scatter", output,
               rank_ * output.numel());
}

WorkPtr VirtualCommunicator::barrier_async() { return start({.kind = CollectiveKind::kBarrier}, "barrier", {}); }

WorkPtr VirtualCommunicator::send_async(const at::Tensor& tensor, int destination, int tag) {
  require_flat(tensor, "send");
  const int to = global(destination, "send destination");
  const std::int64_t ticket =
      endpoint_->post(SendRequest{.group = group_, .destination = to, .tag = tag, .tensor = tensor},
                      described("send to worker " + std::to_string(to), tensor), tensor);
  return std::make_unique<VirtualWork>(*endpoint_, ticket, at::Tensor(), 0);
}

WorkPtr VirtualCommunicator::recv_async(const at::Tensor& tensor, int source, int tag) {
  require_flat(tensor, "recv");
  const int from = source == kAnySource ? kAnySource : global(source, "recv source");
  const std::string whom = from == kAnySource ? "any worker" : "worker " + std::to_string(from);
  const std::int64_t ticket =
      endpoint_->post(ReceiveRequest{.group = group_, .source = from, .tag = tag, .elements = tensor.numel()},
                      described("recv from " + whom, tensor));
  return std::make_unique<VirtualWork>(*endpoint_, ticket, tensor, 0);
}

std::unique_ptr<Communicator> VirtualCommunicator::split(int color) {
  const std::int64_t id = endpoint_->post(SplitRequest{.group = group_, .color = color}, "split");
  const Ticket ticket = endpoint_->wait(id);
  return std::make_unique<VirtualCommunicator>(*endpoint_, ticket.value, ticket.ranks);
}

WorkPtr VirtualCommunicator::reattach(std::int64_t id, const at::Tensor& tensor) {
  return std::make_unique<VirtualWork>(*endpoint_, id, tensor, 0);
}

int VirtualCommunicator::global(int rank, const char* role) const {
  if (rank >= 0 && rank < size()) return ranks_[static_cast<std::size_t>(rank)];
  throw CommunicationError(std::string(role) + " " + std::to_string(rank) + " is no rank of a group of " +
                           std::to_string(size()));
}

void VirtualServer::exchange(const std::vector<at::Tensor>& messages, const PushNote& note,
                             const std::vector<at::Tensor>& answers) {
  ServerRequest request{.messages = messages, .note = note};
  for (const at::Tensor& answer : answers) request.wanted.push_back(answer.defined() ? answer.numel() : 0);
  const char* what = messages.empty()  ? "pull from the server"
                     : answers.empty() ? "push to the server"
                                       : "push_pull with the server";
  const std::int64_t id = endpoint_->post(std::move(request), what, messages.empty() ? at::Tensor() : messages.front());
  const at::Tensor result = endpoint_->wait(id).result;
  std::int64_t offset = 0;
  for (const at::Tensor& answer : answers) {
    if (!answer.defined()) continue;
    answer.copy_(result.narrow(0, offset, answer.numel()));
    offset += answer.numel();
  }
}

}  // namespace sac
