#include <sstream>

#include "engine/core/error.h"
#include "engine/train/server_strategy.h"

namespace sac {
namespace {

constexpr const char* kNormalisation = "normalisation";

/// Adaptive synchronisation unified parallel: the server holds the shared layers and moves them by RMSProp with
/// momentum; the private ones are never sent, each worker's own moved by the run's [optimizer].
/// Source  this project: docs/strategies.md.
/// Rule    server: s <- r s + (1 - r) g^2; v <- m v + lr g / sqrt(s + e); x <- x - v, g one gradient or the mean of
///         `gradients` of them (0 = one a worker: K-averaging). staleness bounds how far a worker runs ahead; -1: not.
/// Cost    as async_sgd, of the shared elements only. Running statistics are never sent.
/// Modes   virtual, gloo, nccl. Deterministic on the virtual cluster; elsewhere timing decides. Evaluated at (server's
///         shared, mean private). All shared, staleness 0 and K-averaging is synchronous RMSProp.
class AsuP final : public ServerStrategy {
 public:
  explicit AsuP(const Options& options)
      : ServerStrategy(options, "asu_p",
                       {.count = GradientCount(options.integer("gradients")), .clock_gap = gap(options)}),
        private_(options.text("private_layers")),
        rmsprop_(rmsprop(options)) {}

  [[nodiscard]] Traits traits() const override {
    Traits traits = ServerStrategy::traits();
    traits.serial_alone = false;  // whatever the optimiser, the server's is its own
    return traits;
  }

  [[nodiscard]] Slices served(const Layout& layout) const override {
    std::vector<Range> kept;
    for (const LayerInfo& layer : layout.layers) {
      if (!is_private(layer)) kept.push_back(layer.parameters);
    }
    require_known(layout);
    const Slices shared(kept);
    if (shared.empty()) throw ConfigError("strategy 'asu_p': private_layers leaves no layer for the server to hold");
    return shared;
  }

  std::unique_ptr<ServerRule> serve(const ServerSetup& setup) override {
    ServerSetup own = setup;
    own.optimizer = rmsprop_;
    return ServerStrategy::serve(own);
  }

 private:
  static ClockGap gap(const Options& options) {
    const std::int64_t bound = options.integer("staleness");
    return bound < 0 ? ClockGap{} : ClockGap{.least = bound, .most = bound};
  }
  static OptimizerFactory rmsprop(const Options& options) {
    const OptimizerEntry& entry = Registry<OptimizerEntry>::instance().at("rmsprop");
    const ValueMap values{{"decay", options.number("rms_decay")},
                          {"momentum", options.number("rms_momentum")},
                          {"eps", options.number("rms_eps")},
                          {"eps_place", std::string("inside")}};
    return entry.make(Options(entry.options, values, "strategy 'asu_p'", "strategy.rms_"), {});
  }

  /// The names in private_layers.
  [[nodiscard]] Strings names() const {
    Strings all;
    std::istringstream list(private_);
    for (std::string name; std::getline(list, name, ',');) {
      const std::size_t begin = name.find_first_not_of(' ');
      if (begin != std::string::npos) all.push_back(name.substr(begin, name.find_last_not_of(' ') - begin + 1));
    }
    return all;
  }
  [[nodiscard]] bool is_private(const LayerInfo& layer) const {
    for (const std::string& name : names()) {
      if (name == layer.name || (name == kNormalisation && layer.buffers.size() > 0)) return true;
    }
    return false;
  }
  void require_known(const Layout& layout) const {
    for (const std::string& name : names()) {
      std::string choices = kNormalisation;
      bool known = name == kNormalisation;
      for (const LayerInfo& layer : layout.layers) {
        known = known || name == layer.name;
        choices += ", " + layer.name;
      }
      if (known) continue;
      throw ConfigError("strategy.private_layers: the model has no layer '" + name + "'; choices: " + choices);
    }
  }

  std::string private_;
  OptimizerFactory rmsprop_;
};

std::vector<OptionSpec> options() {
  return joined(
      {{{.name = "private_layers",
         .fallback = std::string(),
         .doc = "names, comma-separated, never sent; normalisation = all with running statistics"},
        {.name = "staleness",
         .fallback = std::int64_t{-1},
         .doc = "gradients a worker may be ahead of the slowest; -1 = any",
         .min = -1,
         .max = 1e12},
        {.name = "gradients",
         .fallback = std::int64_t{1},
         .doc = "averaged for a change of the model; 0 = one a worker",
         .min = 0,
         .max = 65536},
        {.name = "rms_decay", .fallback = 0.9, .doc = "of the mean square, r", .min = 0, .max = kBelowOne},
        {.name = "rms_momentum", .fallback = 0.5, .doc = "kept of the last step, m", .min = 0, .max = kBelowOne},
        {.name = "rms_eps", .fallback = 1e-8, .doc = "inside the root, e", .min = 0, .max = 1, .min_open = true}},
       ServerStrategy::options()});
}

const Register<StrategyEntry> registered{{
    .name = "asu_p",
    .summary = "shared layers on a server that moves them by RMSProp, private ones never sent",
    .source = "this project, docs/strategies.md",
    .rule = "server: s <- r s + (1 - r) g^2; v <- m v + lr g / sqrt(s + e); x <- x - v; private: the run's optimiser",
    .cost = "2 messages a shard, the shared elements (or a codec's bytes) to the server and back a step and worker",
    .options = options(),
    .make = [](const Options& given) { return std::make_unique<AsuP>(given); },
}};

}  // namespace
}  // namespace sac
