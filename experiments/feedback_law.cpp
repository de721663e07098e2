#include "experiments/feedback_law.h"

#include <ATen/ops/zeros_like.h>

#include <vector>

#include "engine/train/compressed_mean.h"
#include "engine/train/strategy.h"
#include "experiments/quadratic_problem.h"

namespace sac {
namespace {

/// What one worker has kept back and what it was given to send.
struct Books {
  at::Tensor kept;  ///< e_k
  at::Tensor sent;  ///< sum of lr g_k
};

/// SGD on compressed gradients that keeps books.
class Bookkeeper final : public Strategy {
 public:
  Bookkeeper(const Options& options, std::vector<Books>& books) : mean_(options), books_(&books) {}

  void step(Worker& worker) override {
    worker.compute_gradients();
    Books& mine = (*books_)[static_cast<std::size_t>(worker.rank())];
    if (!mine.sent.defined()) mine.sent = at::zeros_like(worker.gradients());
    mine.sent.add_(worker.gradients(), worker.lr());
    mean_.apply(worker, worker.comm(), worker.gradients(), worker.lr());
    mine.kept = mean_.kept().clone();
    worker.update();
  }

 private:
  CompressedMean mean_;
  std::vector<Books>* books_;
};

}  // namespace

double lost_by_feedback(const std::string& codec) {
  const Options options(Compressor::options(), {{"codec", codec}, {"codec_ratio", 0.2}, {"error_feedback", true}},
                        "the law", "strategy.");
  QuadraticProblem problem{.workers = 3, .steps = 40};
  std::vector<Books> books(static_cast<std::size_t>(problem.workers));
  problem.custom = [&] { return std::make_unique<Bookkeeper>(options, books); };
  at::Tensor rest = solve(problem).mean().sub(quadratic_start());
  for (const Books& mine : books) rest.add_(mine.sent.sub(mine.kept), 1.0 / static_cast<double>(problem.workers));
  return rest.abs().max().item<double>();
}

}  // namespace sac
