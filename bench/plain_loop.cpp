// The yardstick of `make bench`: what a user would write straight against LibTorch today. One thread, one loop over all
// workers' models; the same arithmetic as the strategy of that name. Data are random, of Fashion-MNIST's shape.
#include <torch/torch.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>
#include <vector>

namespace {

struct Settings {
  std::string model = "mlp";
  std::string strategy = "sync_sgd";
  std::int64_t workers = 8;
  std::int64_t batch = 64;
  std::int64_t steps = 200;
  std::int64_t period = 20;
  double lr = 0.05;
};

struct Worker {
  torch::nn::Sequential model;
  torch::optim::SGD optimizer;
  std::vector<torch::Tensor> parameters;
};

torch::nn::Sequential mlp() {
  namespace nn = torch::nn;
  return nn::Sequential(nn::Flatten(), nn::Linear(784, 128), nn::ReLU(), nn::Linear(128, 10));
}

torch::nn::Sequential cnn() {
  namespace nn = torch::nn;
  return nn::Sequential(nn::Conv2d(1, 16, 5), nn::ReLU(), nn::MaxPool2d(2), nn::Conv2d(16, 32, 5), nn::ReLU(),
                        nn::MaxPool2d(2), nn::Flatten(), nn::Linear(512, 128), nn::ReLU(), nn::Linear(128, 10));
}

std::vector<Worker> make_workers(const Settings& settings) {
  std::vector<Worker> workers;
  for (std::int64_t k = 0; k < settings.workers; ++k) {
    torch::manual_seed(1);
    auto model = settings.model == "mlp" ? mlp() : cnn();
    workers.push_back({model, torch::optim::SGD(model->parameters(), settings.lr), model->parameters()});
  }
  return workers;
}

/// Gives every worker the mean of what `tensor_of(worker, i)` names, for each parameter i.
template <class TensorOf>
void average(std::vector<Worker>& workers, TensorOf tensor_of) {
  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < workers[0].parameters.size(); ++i) {
    torch::Tensor mean = tensor_of(workers[0], i);
    for (std::size_t k = 1; k < workers.size(); ++k) mean.add_(tensor_of(workers[k], i));
    mean.div_(static_cast<double>(workers.size()));
    for (std::size_t k = 1; k < workers.size(); ++k) tensor_of(workers[k], i).copy_(mean);
  }
}

class Loop {
 public:
  explicit Loop(const Settings& settings)
      : settings_(settings),
        workers_(make_workers(settings)),
        images_(torch::randn({60000, 1, 28, 28})),
        labels_(torch::randint(10, {60000}, torch::kLong)) {}

  void step(std::int64_t step) {
    for (Worker& worker : workers_) compute_gradient(worker);
    if (settings_.strategy == "sync_sgd") {
      average(workers_, [](Worker& worker, std::size_t i) { return worker.parameters[i].grad(); });
    }
    for (Worker& worker : workers_) worker.optimizer.step();
    if (settings_.strategy == "local_sgd" && step % settings_.period == 0) {
      average(workers_, [](Worker& worker, std::size_t i) { return worker.parameters[i]; });
    }
  }

 private:
  void compute_gradient(Worker& worker) {
    const auto batch = torch::randint(60000, {settings_.batch}, torch::kLong);
    worker.optimizer.zero_grad();
    const auto scores = worker.model->forward(images_.index_select(0, batch));
    torch::nn::functional::cross_entropy(scores, labels_.index_select(0, batch)).backward();
  }

  Settings settings_;
  std::vector<Worker> workers_;
  torch::Tensor images_;
  torch::Tensor labels_;
};

Settings parse(CLI::App& app, int argc, char** argv) {
  Settings settings;
  app.add_option("--model", settings.model)->check(CLI::IsMember({"mlp", "cnn"}));
  app.add_option("--strategy", settings.strategy)->check(CLI::IsMember({"sync_sgd", "local_sgd"}));
  app.add_option("--workers", settings.workers)->check(CLI::PositiveNumber);
  app.add_option("--batch", settings.batch, "samples a worker and step")->check(CLI::PositiveNumber);
  app.add_option("--steps", settings.steps)->check(CLI::PositiveNumber);
  app.add_option("--period", settings.period, "steps between averages of local_sgd")->check(CLI::PositiveNumber);
  app.parse(argc, argv);
  return settings;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("The plain single-threaded loop that sactool's speed is compared with");
  try {
    const Settings settings = parse(app, argc, argv);
    at::set_num_threads(1);
    Loop loop(settings);
    const auto start = std::chrono::steady_clock::now();
    for (std::int64_t step = 1; step <= settings.steps; ++step) loop.step(step);
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
    const auto worker_steps = static_cast<double>(settings.workers * settings.steps);
    std::cout << nlohmann::json{{"wall_seconds", wall.count()},
                                {"worker_steps_per_second", worker_steps / wall.count()}}
              << "\n";
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
}
