#pragma once
#include <map>
#include <span>
#include <string>

#include "engine/core/options.h"
#include "engine/core/value.h"
#include "experiments/layer.h"

namespace sac {

/// Everything that determines a run, as a plain value: the checked options of every table (see spec_tables).
struct RunSpec {
  std::string name;                            ///< of the run; "" = chosen by the store. Not part of the run's identity
  std::map<std::string, Options> tables;       ///< "data", "model", ..., "cluster.server"; named tables hold `name` too
  std::map<std::string, std::string> origins;  ///< who set a key: "exp.toml:3", "--steps"; absent = default

  [[nodiscard]] const Options& table(const std::string& key) const { return tables.at(key); }
  /// The registry key that a named table chose: choice("strategy").
  [[nodiscard]] const std::string& choice(const std::string& table) const { return tables.at(table).text("name"); }
  [[nodiscard]] std::int64_t workers() const { return table("cluster").integer("workers"); }
  /// Of the model: workers() over the stages of a pipeline.
  [[nodiscard]] std::int64_t replicas() const { return workers() / table("cluster").integer("pipeline"); }
  [[nodiscard]] std::uint64_t seed() const { return static_cast<std::uint64_t>(table("train").integer("seed")); }

  /// Every key with its value, `name` left out.
  [[nodiscard]] ValueMap values() const;
};

/// Merges layers, the later ones winning, over the defaults (of steps and epochs: one epoch).
/// - `[strategy.NAME]` (likewise data, model, optimizer) holds options that count where strategy.name is NAME; inside a
///   layer they win over `[strategy]`.
/// - `cluster.profile = "FILE"` lays that cluster profile right under the layer that cites it; only its numbers stay.
/// - train.steps and train.epochs turn each other off across layers.
/// @throws ConfigError  unknown table, key, choice or option (with the nearest), wrong type, out of range, options that
/// contradict each other, a [sweep] (which is no single run). The message begins with the setting's origin.
RunSpec resolve(std::span<const Layer> layers);

/// The same spec with its length fixed to `steps` a worker, >= 1: epochs become steps once the data's size is known.
RunSpec with_steps(const RunSpec& spec, std::int64_t steps);

/// The spec with batches of train.batch_size from the first step on, whose gradient takes computing alone.
RunSpec for_measuring(const RunSpec& spec);

/// The same spec with train.device fixed to `device`: "auto" becomes what it found.
RunSpec with_device(const RunSpec& spec, const std::string& device);

/// The same spec on the virtual cluster.
RunSpec on_virtual_cluster(const RunSpec& spec);

/// The canonical TOML of a spec: equal specs give equal text, and reading it back gives the same spec.
std::string canonical_toml(const RunSpec& spec);

/// The spec as TOML for a reader, each key with a comment that says who set it; reading it back gives the same spec.
std::string annotated_toml(const RunSpec& spec);

}  // namespace sac
