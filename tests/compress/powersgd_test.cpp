#include "engine/compress/powersgd.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linalg_svd.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>

namespace sac::test {
namespace {

RandomStream start() { return {7, 0, Purpose::kStrategy}; }

at::Tensor normal(std::int64_t count, std::uint64_t seed) {
  RandomStream stream(seed, 0, Purpose::kSynthetic);
  at::Tensor values = at::empty({count}, at::TensorOptions(at::kDouble));
  auto* value = values.mutable_data_ptr<double>();
  for (std::int64_t i = 0; i < count; ++i) value[i] = stream.normal();
  return values;
}

at::Tensor of_rank(std::int64_t rank, std::int64_t rows, std::int64_t columns, std::uint64_t seed) {
  return normal(rows * rank, seed).view({rows, rank}).matmul(normal(rank * columns, seed + 1).view({rank, columns}));
}

double distance(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

/// Ranks in one process: each exchange of one is answered with the mean of what all would say there.
struct Ranks {
  std::vector<PowerSgd> ends;

  Ranks(int count, std::int64_t rank, std::int64_t iterations, const std::vector<Matrix>& matrices) {
    for (int i = 0; i < count; ++i) ends.emplace_back(rank, iterations, matrices, start());
  }
  /// Runs all ends side by side, one turn of each after the other.
  std::vector<at::Tensor> average(std::vector<at::Tensor> values, std::vector<at::Tensor>* said = nullptr) {
    std::vector<at::Tensor> means;  // of turn 0, 1, ...: known from the ranks before, made in repeated passes
    const std::vector<at::Tensor> given = values;
    for (bool more = true; more;) {
      more = false;
      at::Tensor sum;
      std::vector<PowerSgd> tries = ends;
      for (std::size_t k = 0; k < ends.size(); ++k) {
        if (tries[k].memory().defined()) tries[k].memory() = ends[k].memory().clone();
        values[k] = given[k].clone();
        const at::Tensor own = at::empty_like(values[k]);
        std::size_t turn = 0;
        tries[k].average(values[k], own, [&](const at::Tensor& tensor) {
          if (turn < means.size()) {
            tensor.copy_(means[turn]);
          } else if (turn == means.size()) {
            sum = sum.defined() ? sum + tensor : tensor.clone();
            more = true;
          }
          ++turn;
        });
        if (said != nullptr) (*said)[k] = own;
      }
      if (more) {
        means.push_back(sum / static_cast<double>(ends.size()));
      } else {
        ends = tries;
      }
    }
    return values;
  }
};

at::Tensor alone(PowerSgd& power, const at::Tensor& values) {
  const at::Tensor out = values.clone();
  power.average(out, at::empty_like(out), [](const at::Tensor&) {});
  return out;
}

TEST(Law7, PowerSgdIsExactWhereTheRankSuffices) {
  for (const auto& [rows, columns] : {std::pair<std::int64_t, std::int64_t>{17, 33}, {33, 17}, {40, 41}, {5, 400}}) {
    for (const std::int64_t rank : {1, 2, 3}) {
      const at::Tensor m = of_rank(rank, rows, columns, 11);
      for (const std::int64_t given : {rank, rank + 1}) {
        PowerSgd power(given, 1, {{0, rows, columns}}, start());
        EXPECT_LT(distance(alone(power, m.flatten()), m.flatten()), 1e-10) << rows << " " << rank << " of " << given;
      }
    }
  }
}

TEST(Law7, PowerSgdSendsRTimesNPlusM) {
  const std::vector<Matrix> matrices{{3, 17, 33}, {3 + 17 * 33, 40, 41}, {3 + 17 * 33 + 40 * 41, 2, 2}};
  const std::int64_t count = 3 + 17 * 33 + 40 * 41 + 4 + 5;
  for (const std::int64_t rank : {1, 2, 4}) {
    for (const std::int64_t iterations : {1, 2}) {
      PowerSgd power(rank, iterations, matrices, start());
      std::int64_t sent = 0, exchanges = 0;
      const at::Tensor values = normal(count, 5);
      power.average(values, at::empty_like(values), [&](const at::Tensor& tensor) {
        sent += tensor.numel();
        ++exchanges;
      });
      EXPECT_EQ(sent, iterations * rank * (17 + 33 + 40 + 41) + 3 + 4 + 5);
      EXPECT_EQ(sent, power.elements(count));
      EXPECT_EQ(exchanges, 2 * iterations);
    }
  }
}

TEST(PowerSgd, MatricesThatWouldGrowAndVectorsTravelAsTheyAre) {
  PowerSgd power(4, 1, {{0, 3, 5}}, start());
  const at::Tensor values = normal(21, 5);
  EXPECT_EQ(power.elements(21), 21);
  EXPECT_TRUE(alone(power, values).equal(values));
  PowerSgd none(4, 1, {}, start());
  EXPECT_TRUE(alone(none, values).equal(values));
}

TEST(Law7, PowerSgdOfTheMeanIsTheMeanOfPowerSgd) {
  const std::vector<Matrix> matrices{{0, 17, 33}, {17 * 33 + 3, 20, 30}};
  const std::int64_t count = 17 * 33 + 3 + 600;
  Ranks ranks(3, 2, 1, matrices);
  PowerSgd one(2, 1, matrices, start());
  for (std::uint64_t exchange = 0; exchange < 3; ++exchange) {  // warm starts included
    std::vector<at::Tensor> given, said(3);
    for (std::uint64_t k = 0; k < 3; ++k) given.push_back(normal(count, 10 * exchange + k));
    const at::Tensor mean = (given[0] + given[1] + given[2]) / 3.0;
    const std::vector<at::Tensor> got = ranks.average(given, &said);
    EXPECT_TRUE(got[0].equal(got[1]));
    EXPECT_LT(distance(got[0], alone(one, mean)), 1e-10) << exchange;
    EXPECT_LT(distance((said[0] + said[1] + said[2]) / 3.0, got[0]), 1e-12);  // what was said adds up to the mean
  }
}

TEST(PowerSgd, AWarmStartFindsTheBestApproximation) {
  const at::Tensor m = of_rank(30, 40, 50, 3);
  const auto [u, s, v] = at::linalg_svd(m, false);
  const at::Tensor best = u.narrow(1, 0, 3).matmul(s.narrow(0, 0, 3).diag()).matmul(v.narrow(0, 0, 3));
  const double least = (m - best).norm().item<double>();
  PowerSgd power(3, 1, {{0, 40, 50}}, start());
  const double first = (m.flatten() - alone(power, m.flatten())).norm().item<double>();
  double last = first;
  for (int i = 0; i < 300; ++i) last = (m.flatten() - alone(power, m.flatten())).norm().item<double>();
  EXPECT_GT(first, 1.05 * least);
  EXPECT_LT(last, 1.0001 * least);
}

TEST(PowerSgd, ItRecoversFromNoGradientAndFromNoNumber) {
  PowerSgd power(2, 1, {{0, 20, 30}}, start());
  const at::Tensor m = of_rank(2, 20, 30, 3).flatten();
  for (const double bad : {0.0, std::numeric_limits<double>::quiet_NaN(), 1e-300, 1e150}) {
    alone(power, at::full({600}, bad, at::TensorOptions(at::kDouble)));
    alone(power, at::zeros_like(m));
    EXPECT_LT(distance(alone(power, m), m), 1e-9) << bad;
  }
}

}  // namespace
}  // namespace sac::test
