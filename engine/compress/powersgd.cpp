#include "engine/compress/powersgd.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linalg_qr.h>
#include <ATen/ops/matmul.h>

#include <algorithm>
#include <cmath>

namespace sac {
namespace {

/// The matrix's elements of a flat vector, as [rows, columns].
at::Tensor block(const at::Tensor& values, const Matrix& matrix) {
  return values.narrow(0, matrix.begin, matrix.size()).view({matrix.rows, matrix.columns});
}

/// The next [rows, columns] of factors that lie one after the other.
class Cursor {
 public:
  explicit Cursor(const at::Tensor& flat) : flat_(&flat) {}
  at::Tensor next(std::int64_t rows, std::int64_t columns) {
    const at::Tensor part = flat_->narrow(0, offset_, rows * columns).view({rows, columns});
    offset_ += rows * columns;
    return part;
  }

 private:
  const at::Tensor* flat_;
  std::int64_t offset_ = 0;
};

}  // namespace

PowerSgd::PowerSgd(std::int64_t rank, std::int64_t iterations, const std::vector<Matrix>& matrices, RandomStream start)
    : iterations_(iterations), start_(start) {
  for (const Matrix& matrix : matrices) {
    const std::int64_t fitting = std::min({rank, matrix.rows, matrix.columns});
    const Factor factor{.matrix = matrix, .rank = fitting};
    if (iterations_ * (factor.left() + factor.right()) >= matrix.size()) continue;
    factors_.push_back(factor);
    left_size_ += factor.left();
    right_size_ += factor.right();
  }
}

std::int64_t PowerSgd::elements(std::int64_t count) const {
  for (const Factor& factor : factors_) count -= factor.matrix.size();
  return count + iterations_ * (left_size_ + right_size_);
}

at::Tensor PowerSgd::first_bases(const at::TensorOptions& options) const {
  RandomStream stream = start_;
  const at::Tensor bases = at::empty({right_size_}, options.device(at::kCPU).dtype(at::kDouble));
  auto* value = bases.mutable_data_ptr<double>();
  for (std::int64_t i = 0; i < right_size_; ++i) value[i] = stream.normal();
  return bases.to(options);
}

/// Only the space that a base spans counts: its numbers must not shrink or grow from exchange to exchange. One that has
/// become no base at all (no gradient, or one that is no number) is drawn as the first was.
void PowerSgd::keep_scale() {
  Cursor bases(bases_);
  at::Tensor fresh;
  for (const Factor& factor : factors_) {
    const at::Tensor base = bases.next(factor.matrix.columns, factor.rank);
    const double most = base.abs().max().item<double>();
    if (most > 0.0 && std::isfinite(most)) {
      base.div_(most);
    } else {
      if (!fresh.defined()) fresh = first_bases(bases_.options());
      const std::int64_t offset = base.storage_offset() - bases_.storage_offset();
      base.copy_(fresh.narrow(0, offset, base.numel()).view_as(base));
    }
  }
}

/// Orthonormal P of all matrices, from the mean over ranks of M Q.
at::Tensor PowerSgd::left_factors(const at::Tensor& values, const Mean& mean) const {
  const at::Tensor all = at::empty({left_size_}, values.options());
  Cursor bases(bases_), products(all), results(all);
  for (const Factor& factor : factors_) {
    const at::Tensor base = bases.next(factor.matrix.columns, factor.rank);
    products.next(factor.matrix.rows, factor.rank).copy_(at::matmul(block(values, factor.matrix), base));
  }
  if (left_size_ > 0) mean(all);
  for (const Factor& factor : factors_) {
    const at::Tensor product = results.next(factor.matrix.rows, factor.rank);
    product.copy_(std::get<0>(at::linalg_qr(product)));
  }
  return all;
}

/// This rank's M^T P of all matrices.
at::Tensor PowerSgd::right_factors(const at::Tensor& values, const at::Tensor& left) const {
  const at::Tensor all = at::empty({right_size_}, values.options());
  Cursor lefts(left), rights(all);
  for (const Factor& factor : factors_) {
    const at::Tensor base = lefts.next(factor.matrix.rows, factor.rank);
    rights.next(factor.matrix.columns, factor.rank).copy_(at::matmul(block(values, factor.matrix).t(), base));
  }
  return all;
}

/// What is in no matrix, piece by piece.
std::vector<at::Tensor> PowerSgd::rests(const at::Tensor& values) const {
  std::vector<at::Tensor> pieces;
  std::int64_t begin = 0;
  for (const Factor& factor : factors_) {
    pieces.push_back(values.narrow(0, begin, factor.matrix.begin - begin));
    begin = factor.matrix.begin + factor.matrix.size();
  }
  pieces.push_back(values.narrow(0, begin, values.numel() - begin));
  return pieces;
}

void PowerSgd::put_together(const at::Tensor& left, const at::Tensor& right, const at::Tensor& out) const {
  Cursor lefts(left), rights(right);
  for (const Factor& factor : factors_) {
    const at::Tensor p = lefts.next(factor.matrix.rows, factor.rank);
    const at::Tensor q = rights.next(factor.matrix.columns, factor.rank);
    block(out, factor.matrix).copy_(at::matmul(p, q.t()));
  }
}

void PowerSgd::average(const at::Tensor& values, const at::Tensor& said, const Mean& mean) {
  if (!bases_.defined()) bases_ = first_bases(values.options());
  said.copy_(values);
  at::Tensor left, rest;
  for (std::int64_t i = 1; i <= iterations_; ++i) {
    keep_scale();
    left = left_factors(values, mean);
    at::Tensor message = right_factors(values, left);
    if (i == iterations_) {
      put_together(left, message, said);
      std::vector<at::Tensor> parts = rests(values);
      parts.insert(parts.begin(), message);
      message = at::cat(parts);
    }
    if (message.numel() > 0) mean(message);
    bases_.copy_(message.narrow(0, 0, right_size_));
    rest = message.narrow(0, right_size_, message.numel() - right_size_);
  }
  put_together(left, bases_, values);
  for (const at::Tensor& piece : rests(values)) {
    piece.copy_(rest.narrow(0, 0, piece.numel()));
    rest = rest.narrow(0, piece.numel(), rest.numel() - piece.numel());
  }
}

}  // namespace sac
