#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "engine/core/random.h"

namespace sac {

/// Elements of a flat vector that make a matrix: rows * columns of them from `begin` on, row after row.
struct Matrix {
  std::int64_t begin = 0;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  [[nodiscard]] std::int64_t size() const { return rows * columns; }
  bool operator==(const Matrix&) const = default;
};

/// The mean of vectors over ranks through low-rank matrices: linear, so it travels by all-reduce. No Codec, for what a
/// rank says second builds on what all have said first.
/// Source  Vogels, Karimireddy & Jaggi, "PowerSGD", NeurIPS 2019, arXiv:1905.13727.
/// Rule    a power iteration on each matrix M, rows x columns: P <- mean_k M_k Q; P <- an orthonormal base of it;
///         Q <- mean_k M_k^T P; M becomes P Q^T. The next exchange starts from this Q. Exact where the rank r is at
///         least rank(mean_k M_k).
/// Floats  i r (rows + columns) a matrix and exchange for i iterations, in 2 i all-reduces for all matrices together.
///         What is no matrix, or none that gets smaller by it (i r (rows + columns) >= rows columns), travels as it is.
class PowerSgd {
 public:
  /// tensor [m] becomes its mean over the ranks.
  using Mean = std::function<void(const at::Tensor&)>;

  /// @param matrices  ascending and disjoint.  @param start  the same on all ranks: the first Q is drawn
  /// from it.
  PowerSgd(std::int64_t rank, std::int64_t iterations, const std::vector<Matrix>& matrices, RandomStream start);

  /// Floats that one exchange of `count` values sends.
  [[nodiscard]] std::int64_t elements(std::int64_t count) const;

  /// values [n] become the mean over ranks, said [n] what this rank has contributed to it.
  void average(const at::Tensor& values, const at::Tensor& said, const Mean& mean);

  /// What the next exchange starts from: all Q, one after the other; undefined before the first.
  [[nodiscard]] at::Tensor& memory() { return bases_; }

 private:
  struct Factor {
    Matrix matrix;
    std::int64_t rank = 0;
    [[nodiscard]] std::int64_t left() const { return matrix.rows * rank; }
    [[nodiscard]] std::int64_t right() const { return matrix.columns * rank; }
  };
  [[nodiscard]] at::Tensor first_bases(const at::TensorOptions& options) const;
  void keep_scale();
  [[nodiscard]] at::Tensor left_factors(const at::Tensor& values, const Mean& mean) const;
  [[nodiscard]] at::Tensor right_factors(const at::Tensor& values, const at::Tensor& left) const;
  [[nodiscard]] std::vector<at::Tensor> rests(const at::Tensor& values) const;
  void put_together(const at::Tensor& left, const at::Tensor& right, const at::Tensor& out) const;

  std::int64_t iterations_;
  std::vector<Factor> factors_;
  std::int64_t left_size_ = 0, right_size_ = 0;
  RandomStream start_;
  at::Tensor bases_;
};

}  // namespace sac
