// Every model, the optimisers, the data path and checkpoints on the GPU against the CPU.
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/zeros_like.h>

#include "engine/fabric/virtual/reduce.h"
#include "engine/optim/optimizer.h"
#include "engine/train/archive.h"
#include "engine/train/device_batches.h"
#include "tests/gpu/fixture.h"
#include "tests/nn/replica.h"

namespace sac::test {
namespace {

const at::Device kGpu(at::kCUDA, 0);

struct ModelCase {
  std::string name;
  SampleShape sample;
  std::int64_t batch;
};

class OnGpu : public NeedsGpu {
 protected:
  static std::vector<ModelCase> models() {
    return {{"linear", {1, 28, 28}, 8}, {"mlp", {1, 28, 28}, 16}, {"lenet", {3, 32, 32}, 4},
            {"cnn", {1, 28, 28}, 8},    {"cnn", {2, 19, 22}, 3},  {"resnet20", {3, 32, 32}, 8},
            {"resnet20", {1, 11, 9}, 4}};
  }

  /// One pass of each; the GPU's replica starts from the same numbers.
  static void expect_equal(const ModelCase& model, const Numerics& numerics, double tolerance) {
    Replica cpu(make_model(model.name, model.sample, numerics.dtype));
    const auto made = make_model(model.name, model.sample, numerics);
    const at::Tensor parameters = at::empty_like(cpu.parameters, kGpu);
    const at::Tensor buffers = at::empty_like(cpu.buffers, kGpu);
    const at::Tensor gradients = at::full_like(parameters, std::numeric_limits<double>::quiet_NaN());
    made->initialise(parameters, buffers, 1);
    EXPECT_TRUE(at::equal(parameters.cpu(), cpu.parameters));
    const auto network = made->bind(parameters, gradients, buffers);
    const Batch batch = random_batch(model.batch, model.sample, numerics.dtype);
    const Batch there{batch.inputs.to(kGpu), batch.targets.to(kGpu)};
    const double loss = cpu.network->compute_gradients(batch, {}).value();
    EXPECT_NEAR(network->compute_gradients(there, {}).value(), loss, tolerance * loss) << model.name;
    EXPECT_LT(relative_error(gradients.cpu(), cpu.gradients), 100.0 * tolerance) << model.name;
    EXPECT_LT(relative_error(buffers.cpu(), cpu.buffers), tolerance) << model.name;
    const double evaluated = cpu.network->evaluate(batch).loss;
    EXPECT_NEAR(network->evaluate(there).loss, evaluated, tolerance * evaluated) << model.name;
  }
};

TEST_F(OnGpu, ModelsEqualTheCpuInFloat64) {
  for (const ModelCase& model : models()) expect_equal(model, at::kDouble, 1e-10);
}

TEST_F(OnGpu, ModelsEqualTheCpuInFloat32) {
  for (const ModelCase& model : models()) expect_equal(model, at::kFloat, 1e-4);
}

TEST_F(OnGpu, ModelsRunInBfloat16) {
  for (const ModelCase& model : models()) expect_equal(model, {at::kFloat, /*low=*/true}, 0.05);
}

TEST_F(OnGpu, OptimisersEqualTheCpu) {
  for (const auto& [name, entry] : Registry<OptimizerEntry>::instance().entries()) {
    const ValueMap options = name == "sgd" ? ValueMap{{"momentum", 0.9}, {"nesterov", true}} : ValueMap{};
    const at::Tensor cpu = at::linspace(-1.0, 1.0, 1003, at::kDouble);
    const at::Tensor gpu = cpu.to(kGpu);
    const at::Tensor cpu_gradients = at::empty_like(cpu);
    const at::Tensor gpu_gradients = at::empty_like(gpu);
    const OptimizerFactory make = entry.make(Options(entry.options, options, name), {{1003}});
    const auto on_cpu = make(cpu, cpu_gradients);
    const auto on_gpu = make(gpu, gpu_gradients);
    for (int step = 1; step <= 10; ++step) {
      cpu_gradients.copy_(at::sin(cpu * step));
      gpu_gradients.copy_(cpu_gradients);
      on_cpu->step(0.1 / step);
      on_gpu->step(0.1 / step);
    }
    EXPECT_LT(relative_error(gpu.cpu(), cpu), 1e-12) << name;
  }
}

TEST_F(OnGpu, ReductionsGiveTheCpusBits) {
  std::vector<at::Tensor> cpu;
  std::vector<at::Tensor> gpu;
  for (int rank = 0; rank < 5; ++rank) {
    cpu.push_back(at::sin(at::arange(4099, at::kFloat) * (rank + 0.3)));
    gpu.push_back(cpu.back().to(kGpu));
  }
  const ParallelFor serial = [](std::int64_t count, const auto& body) {
    for (std::int64_t i = 0; i < count; ++i) body(i);
  };
  for (const Reduce op : {Reduce::kSum, Reduce::kMean, Reduce::kMax}) {
    EXPECT_TRUE(at::equal(reduce(gpu, op, serial).cpu(), reduce(cpu, op, serial)));
  }
}

TEST_F(OnGpu, ArchivesGiveTensorsBackWhereTheyWere) {
  at::Tensor gpu = at::arange(7, at::TensorOptions(at::kDouble).device(kGpu));
  at::Tensor cpu = at::arange(3, at::kLong);
  Archive written;
  written.io(gpu, cpu);
  written.io_in_place(gpu);
  Archive read(written.bytes());
  at::Tensor gpu_again;
  at::Tensor cpu_again;
  read.io(gpu_again, cpu_again);
  const at::Tensor in_place = at::zeros_like(gpu);
  read.io_in_place(in_place);
  EXPECT_TRUE(gpu_again.is_cuda());
  EXPECT_TRUE(at::equal(gpu_again, gpu));
  EXPECT_TRUE(at::equal(cpu_again, cpu));
  EXPECT_TRUE(at::equal(in_place, gpu));
}

}  // namespace
}  // namespace sac::test
