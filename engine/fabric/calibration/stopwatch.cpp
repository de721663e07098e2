#include "engine/fabric/calibration/stopwatch.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <limits>

namespace sac {
namespace {

constexpr int kRoundTrips = 10;
constexpr int kClockTag = 1;

std::vector<double> values_of(const at::Tensor& tensor) {
  const at::Tensor local = tensor.cpu();
  const auto* begin = local.const_data_ptr<double>();
  return {begin, begin + local.numel()};
}

}  // namespace

Stopwatch::Stopwatch(Communicator& comm, const Clock& clock, at::TensorOptions options)
    : comm_(&comm), clock_(&clock), options_(options.dtype(at::kDouble)) {
  synchronise();
  begin_s_ = now();
}

void Stopwatch::synchronise() {
  if (comm_->rank() > 0) return ask_clock();
  for (int peer = 1; peer < comm_->size(); ++peer) serve_clock(peer);
}

void Stopwatch::serve_clock(int peer) {
  const at::Tensor question = at::empty({1}, options_);
  for (int round = 0; round < kRoundTrips; ++round) {
    comm_->recv(question, peer, kClockTag);
    comm_->send(tensor_of({clock_->now().value}), peer, kClockTag);
  }
}

void Stopwatch::ask_clock() {
  const at::Tensor question = at::zeros({1}, options_);
  double shortest_trip = std::numeric_limits<double>::infinity();
  for (int round = 0; round < kRoundTrips; ++round) {
    const double asked = clock_->now().value;
    comm_->send(question, 0, kClockTag);
    const at::Tensor answer = at::empty({1}, options_);
    comm_->recv(answer, 0, kClockTag);
    const double answered = clock_->now().value;
    if (answered - asked >= shortest_trip) continue;
    shortest_trip = answered - asked;
    offset_s_ = answer.item<double>() - 0.5 * (asked + answered);
  }
}

std::vector<double> Stopwatch::time(std::int64_t repeats, const std::function<void()>& before,
                                    const std::function<void()>& action, Part part) {
  constexpr double kNone = -std::numeric_limits<double>::infinity();
  const auto count = static_cast<std::size_t>(repeats);
  std::vector<double> moments(2 * count, kNone);
  for (std::size_t i = 0; i < count; ++i) {
    before();
    comm_->barrier();
    const double begin = now();
    action();
    const double end = now();
    if (part.arrives) moments[i] = begin;
    if (part.ends) moments[count + i] = end;
  }
  const std::vector<double> last_arrivals = largest({moments.begin(), moments.begin() + repeats});
  const std::vector<double> ends = gathered({moments.begin() + repeats, moments.end()});
  std::vector<double> seconds;
  for (std::size_t i = 0; i < count; ++i) {
    double sum = 0.0;
    double ranks = 0.0;
    for (std::size_t at = i; at < ends.size(); at += count) {
      if (ends[at] == kNone) continue;
      sum += ends[at];
      ranks += 1.0;
    }
    seconds.push_back(std::max(0.0, sum / ranks - last_arrivals[i]));
  }
  return seconds;
}

double Stopwatch::elapsed() { return largest({now() - begin_s_}).front(); }

at::Tensor Stopwatch::tensor_of(const std::vector<double>& values) const {
  at::Tensor local = at::empty({static_cast<std::int64_t>(values.size())}, at::TensorOptions(at::kDouble));
  std::copy(values.begin(), values.end(), local.mutable_data_ptr<double>());
  return local.to(options_.device());
}

std::vector<double> Stopwatch::largest(const std::vector<double>& values) const {
  const at::Tensor tensor = tensor_of(values);
  comm_->all_reduce(tensor, Reduce::kMax);
  return values_of(tensor);
}

std::vector<double> Stopwatch::gathered(const std::vector<double>& values) const {
  const at::Tensor all = at::empty({static_cast<std::int64_t>(values.size()) * comm_->size()}, options_);
  comm_->all_gather(tensor_of(values), all);
  return values_of(all);
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return 0.5 * (*middle + *std::max_element(values.begin(), middle));
}

}  // namespace sac
