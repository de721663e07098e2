// What a pipeline takes: time, memory and bytes.
#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>

#include "tests/support/model_run.h"

namespace sac::test {
namespace {

constexpr NetworkConfig kFree{
    .latency_s = 0.0, .bandwidth_Bps = 1e300, .local_latency_s = 0.0, .local_bandwidth_Bps = 1e300};

ModelRun homogeneous(std::int64_t stages, std::int64_t micro_batches, bool gpipe) {
  ModelRun run{.model_options = {{"hidden", Ints{9, 9, 9, 9, 9, 9, 9}}}, .batch = 24};
  run.pipeline = {.stages = stages, .micro_batches = micro_batches, .gpipe = gpipe, .equal = true};
  run.network = kFree;
  run.compute = {.seconds_per_step = 1.0};
  return run;
}

TEST(PipelineTime, TheBubbleIsTheLaws) {
  for (const bool gpipe : {false, true}) {
    for (std::int64_t stages = 2; stages <= 8; ++stages) {
      for (const std::int64_t micro_batches : {1, 2, 3, 4, 8, 24}) {
        const ModelRun run = homogeneous(stages, micro_batches, gpipe);
        MemorySink sink;
        const RunOutcome outcome = run.run(sink);
        const auto p = static_cast<double>(stages);
        const auto m = static_cast<double>(micro_batches);
        const double law = (p - 1.0) / (m + p - 1.0);
        for (const double bubble : sink.series("bubble")) EXPECT_NEAR(bubble, law, 1e-12) << p << " " << m;
        EXPECT_NEAR(outcome.bubble.value(), law, 1e-12);
        EXPECT_NEAR(outcome.seconds, 3.0 * (m + p - 1.0) / (m * p), 1e-9);
        double computed = 0.0;
        for (const WorkerTotals& worker : outcome.workers) computed += worker.compute_s;
        EXPECT_NEAR(1.0 - computed / (p * outcome.seconds), law, 1e-9) << "the books say so, too";
      }
    }
  }
}

TEST(PipelineTime, StagesTakeTheirShareOfTheWholeModelsTime) {
  ModelRun run = homogeneous(4, 3, false);
  run.pipeline.equal = false;
  const auto plan = run.job().pipeline;
  const RunOutcome outcome = run.run();
  double sum = 0.0;
  for (std::size_t stage = 0; stage < 4; ++stage) {
    EXPECT_NEAR(outcome.workers[stage].compute_s, 3.0 * plan->flop_shares[stage], 1e-9);
    sum += plan->flop_shares[stage];
  }
  EXPECT_NEAR(sum, 1.0, 1e-12);
}

TEST(PipelineTime, EveryActivationAndGradientIsCounted) {
  for (const bool gpipe : {false, true}) {
    ModelRun run = homogeneous(3, 5, gpipe);
    const Job job = run.job();
    std::int64_t numbers = 0;  // a sample, over the cuts
    for (const StagePart& part : job.pipeline->parts) numbers += part.stage->outgoing();
    const RunOutcome outcome = run.run();
    std::int64_t bytes = 0;
    std::int64_t messages = 0;
    for (const WorkerTotals& worker : outcome.workers) {
      bytes += worker.wire_bytes;
      messages += worker.messages;
    }
    constexpr std::int64_t kSaid = 16;  // the loss and the seconds, with every gradient
    EXPECT_EQ(bytes, run.steps * (2 * 24 * numbers * 8 + 2 * 5 * kSaid));
    EXPECT_EQ(messages, run.steps * 2 * 5 * 2);
  }
}

/// How many micro-batches a stage has on their way at a time, at most.
class Watched final : public Stage {
 public:
  Watched(std::shared_ptr<const Stage> stage, int& most) : stage_(std::move(stage)), most_(&most) {}
  [[nodiscard]] const Layout& layout() const override { return stage_->layout(); }
  [[nodiscard]] Range parameters() const override { return stage_->parameters(); }
  [[nodiscard]] Range buffers() const override { return stage_->buffers(); }
  [[nodiscard]] at::ScalarType message_dtype() const override { return stage_->message_dtype(); }
  [[nodiscard]] std::int64_t incoming() const override { return stage_->incoming(); }
  [[nodiscard]] std::int64_t outgoing() const override { return stage_->outgoing(); }
  [[nodiscard]] bool takes_batch() const override { return stage_->takes_batch(); }
  [[nodiscard]] std::unique_ptr<StageNetwork> bind(const at::Tensor& parameters, const at::Tensor& gradients,
                                                   const at::Tensor& buffers, int slots) const override {
    return std::make_unique<Bound>(stage_->bind(parameters, gradients, buffers, slots), *most_);
  }

 private:
  class Bound final : public StageNetwork {
   public:
    Bound(std::unique_ptr<StageNetwork> network, int& most) : network_(std::move(network)), most_(&most) {}
    StageOutput forward(int slot, const Batch& batch, std::int64_t count, double share,
                        const at::Tensor& activation) override {
      *most_ = std::max(*most_, ++under_way_);
      return network_->forward(slot, batch, count, share, activation);
    }
    void backward(int slot, const at::Tensor& gradient, bool add, const GradientReady& ready,
                  const at::Tensor& incoming) override {
      --under_way_;
      network_->backward(slot, gradient, add, ready, incoming);
    }

   private:
    std::unique_ptr<StageNetwork> network_;
    int* most_;
    int under_way_ = 0;
  };

  std::shared_ptr<const Stage> stage_;
  int* most_;
};

TEST(PipelineTime, InTurnKeepsAtMostAsManyMicroBatchesAsStages) {
  for (const bool gpipe : {false, true}) {
    for (const std::int64_t micro_batches : {1, 3, 4, 12}) {
      ModelRun run = homogeneous(4, micro_batches, gpipe);
      std::vector<int> most(4, 0);
      run.change = [&](PipelinePlan& plan) {
        for (std::size_t i = 0; i < 4; ++i) {
          plan.parts[i].stage = std::make_shared<Watched>(plan.parts[i].stage, most[i]);
        }
      };
      run.run();
      for (std::size_t i = 0; i < 4; ++i) {
        const std::int64_t in_turn = std::min(std::int64_t{4} - static_cast<std::int64_t>(i), micro_batches);
        EXPECT_EQ(most[i], gpipe ? micro_batches : in_turn) << "stage " << i;
      }
    }
  }
}

TEST(PipelineTime, ARehearsalTakesTheSameTimeAndBytes) {
  for (const bool gpipe : {false, true}) {
    ModelRun run{.model_options = {{"hidden", Ints{20, 15}}},
                 .strategy = "sync_sgd",
                 .options = {{"overlap", true}, {"bucket_mib", 1e-4}},
                 .replicas = 2,
                 .steps = 9};
    run.pipeline = {.stages = 3, .micro_batches = 4, .gpipe = gpipe};
    run.compute = {.model = "lognormal", .seconds_per_step = 0.01, .sigma = 0.5};
    run.network.bandwidth_Bps = 1e6;
    const RunOutcome real = run.run();
    const RunOutcome idle = run.rehearse();
    EXPECT_EQ(real.seconds, idle.seconds);
    EXPECT_EQ(real.bubble, idle.bubble);
    for (std::size_t rank = 0; rank < real.workers.size(); ++rank) {
      EXPECT_EQ(real.workers[rank].compute_s, idle.workers[rank].compute_s);
      EXPECT_EQ(real.workers[rank].waiting_s, idle.workers[rank].waiting_s);
      EXPECT_EQ(real.workers[rank].wire_bytes, idle.workers[rank].wire_bytes);
    }
  }
}

}  // namespace
}  // namespace sac::test
