#include "engine/fabric/calibration/fit.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "engine/fabric/calibration/stopwatch.h"
#include "engine/fabric/virtual/network_model.h"

namespace sac {
namespace {

CollectiveKind kind_of(Exchange exchange) {
  switch (exchange) {
    case Exchange::kBroadcast: return CollectiveKind::kBroadcast;
    case Exchange::kAllGather: return CollectiveKind::kAllGather;
    case Exchange::kReduceScatter: return CollectiveKind::kReduceScatter;
    case Exchange::kAllReduce:
    case Exchange::kSend: break;
  }
  return CollectiveKind::kAllReduce;
}

/// A straight line's two parameters: seconds a message and seconds a byte.
struct Link {
  double alpha = 0.0;
  double beta = 0.0;
};

/// The closed forms for links of their own, one rank a host.
class ClosedForms {
 public:
  ClosedForms(int ranks, const Link& link)
      : ranks_(static_cast<std::size_t>(ranks)),
        model_({.latency_s = link.alpha, .bandwidth_Bps = 1.0 / link.beta, .local_bandwidth_Bps = 1.0}),
        link_(link) {
    std::iota(ranks_.begin(), ranks_.end(), 0);
  }
  [[nodiscard]] double seconds(Exchange exchange, const std::string& algorithm, std::int64_t bytes) const {
    if (exchange == Exchange::kSend) return link_.alpha + static_cast<double>(bytes) * link_.beta;
    return model_.cost(kind_of(exchange), algorithm, ranks_, bytes).seconds;
  }

 private:
  std::vector<int> ranks_;
  NetworkModel model_;
  Link link_;
};

/// Weighted least squares of alpha a + beta b = t with weights 1 / t^2.
class NormalEquations {
 public:
  void add(double messages, double bytes, double seconds) {
    const double x = messages / seconds;
    const double y = bytes / seconds;
    xx_ += x * x;
    xy_ += x * y;
    yy_ += y * y;
    x_ += x;
    y_ += y;
  }
  /// Neither parameter is negative: where the best one would be, it is 0 and the other is fitted alone.
  [[nodiscard]] Link solve() const {
    const double determinant = xx_ * yy_ - xy_ * xy_;
    const Link both{(x_ * yy_ - y_ * xy_) / determinant, (y_ * xx_ - x_ * xy_) / determinant};
    if (determinant > 0.0 && both.alpha >= 0.0 && both.beta > 0.0) return both;
    if (both.alpha < 0.0 || xx_ == 0.0) return {0.0, y_ / yy_};
    return {x_ / xx_, kFastest};
  }

 private:
  static constexpr double kFastest = 1e-15;  ///< seconds a byte: no size tells the bandwidth
  double xx_ = 0.0, xy_ = 0.0, yy_ = 0.0, x_ = 0.0, y_ = 0.0;
};

constexpr std::array kAutoTakes{"ring", "halving_doubling", "tree"};

/// The algorithm that `name` stands for at this size: itself, or what auto would take over these links.
std::string meant(const std::string& name, const ClosedForms& current, Exchange exchange, std::int64_t bytes) {
  if (name != "auto") return name;
  return *std::min_element(kAutoTakes.begin(), kAutoTakes.end(), [&](const char* a, const char* b) {
    return current.seconds(exchange, a, bytes) < current.seconds(exchange, b, bytes);
  });
}

double least_time(double seconds) { return std::max(seconds, 1e-9); }

Link fit_algorithm(const std::string& algorithm, const std::vector<ExchangeCurve>& curves, int ranks, Link link) {
  constexpr int kRounds = 8;  // auto: what it takes depends on the links, which depend on what it takes
  const ClosedForms messages(ranks, {1.0, 1e-300});
  const ClosedForms bytes(ranks, {0.0, 1.0});
  for (int round = 0; round < (algorithm == "auto" ? kRounds : 1); ++round) {
    const ClosedForms current(ranks, link);
    NormalEquations equations;
    for (const ExchangeCurve& curve : curves) {
      for (const SizeCost& size : curve.sizes) {
        const std::string name = meant(algorithm, current, curve.exchange, size.bytes);
        equations.add(messages.seconds(curve.exchange, name, size.bytes),
                      bytes.seconds(curve.exchange, name, size.bytes), least_time(size.seconds));
      }
    }
    link = equations.solve();
  }
  return link;
}

std::vector<double> relative_errors(const ExchangeCurve& curve, const ClosedForms& forms,
                                    const std::string& algorithm) {
  std::vector<double> errors;
  for (const SizeCost& size : curve.sizes) {
    errors.push_back(std::abs(forms.seconds(curve.exchange, algorithm, size.bytes) / least_time(size.seconds) - 1.0));
  }
  return errors;
}

double mean_square(const std::vector<ExchangeCurve>& curves, const ClosedForms& forms, const std::string& algorithm) {
  double sum = 0.0;
  for (const ExchangeCurve& curve : curves) {
    for (const double error : relative_errors(curve, forms, algorithm)) sum += error * error;
  }
  return sum;
}

}  // namespace

NetworkFit fit_network(const std::vector<ExchangeCurve>& curves, int ranks) {
  constexpr double kClearly = 0.999;  // algorithms that cost the same here: the first one
  constexpr double kExact = 1e-12;
  NetworkFit best;
  double least = std::numeric_limits<double>::infinity();
  Link ring;
  for (const std::string algorithm : {"ring", "halving_doubling", "tree", "server", "auto"}) {
    const Link link = fit_algorithm(algorithm, curves, ranks, ring);
    if (algorithm == "ring") ring = link;
    const double square = mean_square(curves, ClosedForms(ranks, link), algorithm);
    if (square >= kClearly * least - kExact) continue;
    least = square;
    best = {.algorithm = algorithm, .latency_s = link.alpha, .bandwidth_Bps = 1.0 / link.beta, .errors = {}};
  }
  const ClosedForms forms(ranks, {best.latency_s, 1.0 / best.bandwidth_Bps});
  for (const ExchangeCurve& curve : curves) {
    const std::vector<double> errors = relative_errors(curve, forms, best.algorithm);
    best.errors.push_back({curve.exchange, median(errors), *std::max_element(errors.begin(), errors.end())});
  }
  return best;
}

}  // namespace sac
