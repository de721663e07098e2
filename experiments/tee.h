#pragma once
#include <utility>
#include <vector>

#include "engine/core/metric_sink.h"

namespace sac {

/// Hands everything to several sinks, in their order. Borrows them.
class Tee final : public MetricSink {
 public:
  explicit Tee(std::vector<MetricSink*> sinks) : sinks_(std::move(sinks)) {}

  void begin(const RunContext& context) override {
    for (MetricSink* sink : sinks_) sink->begin(context);
  }
  void record(std::span<const MetricPoint> points) override {
    for (MetricSink* sink : sinks_) sink->record(points);
  }
  void progress(const Progress& progress) override {
    for (MetricSink* sink : sinks_) sink->progress(progress);
  }
  void finish(const RunOutcome& outcome) override {
    for (MetricSink* sink : sinks_) sink->finish(outcome);
  }

 private:
  std::vector<MetricSink*> sinks_;
};

/// Takes everything and keeps nothing.
class NoSink final : public MetricSink {
 public:
  void begin(const RunContext& /*context*/) override {}
  void record(std::span<const MetricPoint> /*points*/) override {}
  void progress(const Progress& /*progress*/) override {}
  void finish(const RunOutcome& /*outcome*/) override {}
};

}  // namespace sac
