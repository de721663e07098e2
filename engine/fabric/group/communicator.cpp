#include "engine/fabric/group/communicator.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/comm/tensor_checks.h"
#include "engine/fabric/group/stream_mark.h"
#include "engine/fabric/group/traffic.h"

namespace sac {
namespace {

std::int64_t bytes_of(const at::Tensor& tensor) {
  return tensor.numel() * static_cast<std::int64_t>(tensor.element_size());
}

at::Tensor doubles(std::int64_t count) { return at::empty({count}, at::TensorOptions(at::kDouble)); }

/// Memory of the host for a message of `tensor`: its own where it lies there.
at::Tensor host_memory(const at::Tensor& tensor) {
  return tensor.is_cpu() ? tensor : at::empty_like(tensor, at::TensorOptions(at::kCPU));
}

// A message is a header {cluster time of sending, elements} and, one tag on, its elements.
constexpr int kHeaderSize = 2;
int header_tag(int tag) { return 2 * tag; }
int body_tag(int tag) { return 2 * tag + 1; }

/// A message out. It is done when the other side has taken it.
class SendWork final : public Work {
 public:
  SendWork(RankContext& context, ProcessGroup& group, const at::Tensor& tensor, int destination, int tag)
      : context_(&context),
        header_(doubles(kHeaderSize)),
        body_(tensor.cpu()),
        posted_(steady_seconds()),
        what_(described("send", tensor) + " to rank " + std::to_string(destination)) {
    header_[0] = context.time->at(posted_);
    header_[1] = static_cast<double>(tensor.numel());
    sends_.push_back(group.send(header_, destination, header_tag(tag)));
    sends_.push_back(group.send(body_, destination, body_tag(tag)));
  }

  void wait() override {
    if (sends_.empty()) return;
    const double from = steady_seconds();
    for (const PendingPtr& send : sends_) send->wait(*context_->watch, what_, context_->timeout);
    const double until = steady_seconds();
    book(*context_->ledger, Exchange{.ready = posted_, .done = until, .from = from, .until = until});
    sends_.clear();
  }
  [[nodiscard]] std::int64_t id() const override { return -1; }

 private:
  RankContext* context_;
  at::Tensor header_, body_;
  double posted_;
  std::string what_;
  std::vector<PendingPtr> sends_;
};

/// A message in. From anybody: the body is asked for once the header says of whom.
class RecvWork final : public Work {
 public:
  RecvWork(RankContext& context, ProcessGroup& group, at::Tensor tensor, int source, int tag)
      : context_(&context),
        group_(&group),
        tensor_(std::move(tensor)),
        header_(doubles(kHeaderSize)),
        body_(host_memory(tensor_)),
        tag_(tag),
        what_(described("recv", tensor_) +
              (source == Communicator::kAnySource ? " from any rank" : " from rank " + std::to_string(source))) {
    if (source == Communicator::kAnySource) {
      header_recv_ = group.recv_any(header_, header_tag(tag));
    } else {
      header_recv_ = group.recv(header_, source, header_tag(tag));
      body_recv_ = group.recv(body_, source, body_tag(tag));
    }
  }

  void wait() override {
    if (!header_recv_) return;
    const double from = steady_seconds();
    header_recv_->wait(*context_->watch, what_, context_->timeout);
    require_elements(static_cast<std::int64_t>(header_[1].item<double>()), tensor_.numel(), "a received message");
    if (!body_recv_) body_recv_ = group_->recv(body_, header_recv_->source(), body_tag(tag_));
    body_recv_->wait(*context_->watch, what_, context_->timeout);
    const double until = steady_seconds();
    if (!body_.is_same(tensor_)) tensor_.copy_(body_);
    const double lead = context_->time->at(from) - from;
    book(*context_->ledger,
         Exchange{.ready = header_[0].item<double>() - lead, .done = until, .from = from, .until = until});
    header_recv_.reset();
  }
  [[nodiscard]] std::int64_t id() const override { return -1; }

 private:
  RankContext* context_;
  ProcessGroup* group_;
  at::Tensor tensor_, header_, body_;
  int tag_;
  std::string what_;
  PendingPtr header_recv_, body_recv_;
};

}  // namespace

class CollectiveWork final : public Work {
 public:
  /// @param mean  a sum still to be divided by the number of ranks; undefined where there is none.
  CollectiveWork(GroupCommunicator& communicator, PendingPtr pending, std::int64_t id, std::string what,
                 at::Tensor mean)
      : communicator_(&communicator),
        pending_(std::move(pending)),
        id_(id),
        what_(std::move(what)),
        mean_(std::move(mean)) {}

  void wait() override {
    if (!pending_) return;
    const RankContext& context = *communicator_->context_;
    pending_->wait(*context.watch, what_, context.timeout);
    communicator_->over(id_, pending_->times());
    if (mean_.defined()) mean_.div_(communicator_->size());
    pending_.reset();
  }
  [[nodiscard]] std::int64_t id() const override { return id_; }

 private:
  GroupCommunicator* communicator_;
  PendingPtr pending_;
  std::int64_t id_;
  std::string what_;
  at::Tensor mean_;
};

GroupCommunicator::GroupCommunicator(RankContext& context, std::string name, int rank, int size)
    : context_(&context), name_(std::move(name)), group_(context, context.backend, name_, rank, size) {
  if (context.backend != Backend::kGloo) own_control_.emplace(context, Backend::kGloo, name_ + "/control", rank, size);
  context.communicators.push_back(this);
}

GroupCommunicator::~GroupCommunicator() { std::erase(context_->communicators, this); }

WorkPtr GroupCommunicator::start(PendingPtr pending, std::string what, const at::Tensor& mean, const Traffic& traffic) {
  book(*context_->ledger, traffic);
  const std::int64_t id = first_span_ + static_cast<std::int64_t>(spans_.size());
  spans_.emplace_back();
  return std::make_unique<CollectiveWork>(*this, std::move(pending), id, std::move(what), mean);
}

void GroupCommunicator::over(std::int64_t id, const Times& times) {
  spans_[static_cast<std::size_t>(id - first_span_)] = {.times = times, .over = true};
}

WorkPtr GroupCommunicator::all_reduce_async(const at::Tensor& tensor, Reduce op) {
  require_flat(tensor, "all_reduce");
  return start(group_.all_reduce(tensor, op), described("all_reduce", tensor),
               op == Reduce::kMean ? tensor : at::Tensor(), all_reduce_traffic(size(), bytes_of(tensor)));
}

WorkPtr GroupCommunicator::broadcast_async(const at::Tensor& tensor, int root) {
  require_flat(tensor, "broadcast");
  return start(group_.broadcast(tensor, root), described("broadcast", tensor), {},
               broadcast_traffic(size(), rank(), root, bytes_of(tensor)));
}

WorkPtr GroupCommunicator::all_gather_async(const at::Tensor& input, const at::Tensor& output) {
  require_flat(input, "all_gather");
  require_flat(output, "all_gather");
  require_elements(output.numel(), input.numel() * size(), "all_gather output");
  return start(group_.all_gather(input, output), described("all_gather", input), {},
               all_gather_traffic(size(), bytes_of(input)));
}

WorkPtr GroupCommunicator::reduce_scatter_async(const at::Tensor& input, const at::Tensor& output, Reduce op) {
  require_flat(input, "reduce_scatter");
  require_flat(output, "reduce_scatter");
  require_elements(input.numel(), output.numel() * size(), "reduce_scatter input");
  return start(group_.reduce_scatter(input, output, op), described("reduce_scatter", input),
               op == Reduce::kMean ? output : at::Tensor(), all_reduce_traffic(size(), bytes_of(input)));
}

WorkPtr GroupCommunicator::barrier_async() {
  StreamMark(context_->device).wait();
  return start(control().barrier(), "barrier", {}, barrier_traffic(size()));
}

WorkPtr GroupCommunicator::send_async(const at::Tensor& tensor, int destination, int tag) {
  require_flat(tensor, "send");
  book(*context_->ledger, Traffic{bytes_of(tensor), bytes_of(tensor), 1});
  return std::make_unique<SendWork>(*context_, control(), tensor, destination, tag);
}

WorkPtr GroupCommunicator::recv_async(const at::Tensor& tensor, int source, int tag) {
  require_flat(tensor, "recv");
  return std::make_unique<RecvWork>(*context_, control(), tensor, source, tag);
}

WorkPtr GroupCommunicator::reattach(std::int64_t id, const at::Tensor& tensor) {
  throw CommunicationError("operation " + std::to_string(id) + " of " + std::to_string(tensor.numel()) +
                           " elements cannot be taken up again: real clusters write no checkpoints");
}

std::unique_ptr<Communicator> GroupCommunicator::split(int color) {
  const at::Tensor mine = at::empty({1}, at::TensorOptions(at::kInt)).fill_(color);
  const at::Tensor colors = at::empty({size()}, at::TensorOptions(at::kInt));
  control().all_gather(mine, colors)->wait(*context_->watch, "split", context_->timeout);
  const int* all = colors.const_data_ptr<int>();
  const auto members = static_cast<int>(std::count(all, all + size(), color));
  const auto before = static_cast<int>(std::count(all, all + rank(), color));
  const std::string name = name_ + "/" + std::to_string(splits_++) + "." + std::to_string(color);
  return std::make_unique<GroupCommunicator>(*context_, name, before, members);
}

void GroupCommunicator::reduce_max(const at::Tensor& numbers) {
  control().all_reduce(numbers, Reduce::kMax)->wait(*context_->watch, "the settling of accounts", context_->timeout);
}

void GroupCommunicator::settle() {
  const auto open = std::find_if(spans_.begin(), spans_.end(), [](const Span& span) { return !span.over; });
  const at::Tensor fewest = doubles(1).fill_(-static_cast<double>(first_span_ + (open - spans_.begin())));
  reduce_max(fewest);
  const std::int64_t count = -static_cast<std::int64_t>(fewest.item<double>()) - first_span_;
  if (count == 0) return;
  const at::Tensor arrivals = doubles(count);
  double* arrival = arrivals.mutable_data_ptr<double>();
  for (std::int64_t i = 0; i < count; ++i)
    arrival[i] = context_->time->at(spans_[static_cast<std::size_t>(i)].times.posted);
  reduce_max(arrivals);
  for (std::int64_t i = 0; i < count; ++i) {
    const Times& times = spans_.front().times;
    const double lead = context_->time->at(times.posted) - times.posted;
    book(*context_->ledger,
         Exchange{.ready = arrival[i] - lead, .done = times.done, .from = times.from, .until = times.until});
    spans_.pop_front();
  }
  first_span_ += count;
}

}  // namespace sac
