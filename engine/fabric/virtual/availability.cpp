#include "engine/fabric/virtual/availability.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sac {
namespace {

constexpr double kForEver = std::numeric_limits<double>::infinity();

}  // namespace

Availability::Availability(const std::vector<Fault>& faults, int worker) : gone_at_(kForEver) {
  for (const Fault& fault : faults) {
    if (fault.worker != worker) continue;
    switch (fault.kind) {
      case Fault::Kind::kSlow: slow_.push_back(fault); break;
      case Fault::Kind::kPause: outages_.push_back({fault.at_s, fault.until_s, false}); break;
      case Fault::Kind::kDie: outages_.push_back({fault.at_s, kForEver, true}); break;
      case Fault::Kind::kRejoin: outages_.back().end = fault.at_s; break;
    }
  }
  for (const Outage& outage : outages_) changes_.insert(changes_.end(), {outage.begin, outage.end});
  for (const Fault& fault : slow_) changes_.insert(changes_.end(), {fault.at_s, fault.until_s});
  std::sort(changes_.begin(), changes_.end());
  if (!outages_.empty() && std::isinf(outages_.back().end)) gone_at_ = outages_.back().begin;
}

const Availability::Outage* Availability::outage_at(double time) const {
  const auto found =
      std::find_if(outages_.begin(), outages_.end(), [&](const Outage& o) { return o.begin <= time && time < o.end; });
  return found == outages_.end() ? nullptr : &*found;
}

double Availability::up_from(double time) const {
  for (const Outage* outage = outage_at(time); outage != nullptr && std::isfinite(time); outage = outage_at(time)) {
    time = outage->end;
  }
  return time;
}

double Availability::factor(double time) const {
  double factor = 1.0;
  for (const Fault& slow : slow_) {
    if (slow.at_s <= time && time < slow.until_s) factor *= slow.factor;
  }
  return factor;
}

double Availability::done(double begin, double seconds) const {
  double left = seconds;
  for (double time = begin;;) {
    if (const Outage* outage = outage_at(time)) {
      if (std::isinf(outage->end)) return kForEver;
      if (outage->loses) left = seconds;
      time = outage->end;
      continue;
    }
    const double slowness = factor(time);
    const auto change = std::upper_bound(changes_.begin(), changes_.end(), time);
    const double end = time + left * slowness;
    if (change == changes_.end() || end <= *change) return up_from(end);
    left -= (*change - time) / slowness;
    time = *change;
  }
}

double Availability::down(double from, double until) const {
  double sum = 0.0;
  for (const Outage& outage : outages_) {
    sum += std::max(0.0, std::min(until, outage.end) - std::max(from, outage.begin));
  }
  return sum;
}

}  // namespace sac
