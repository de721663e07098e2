#include "engine/nn/model.h"

#include "engine/core/error.h"
#include "engine/nn/stage.h"

namespace sac {

std::vector<std::shared_ptr<const Stage>> Model::stages(std::int64_t count) const {
  throw ConfigError("cluster.pipeline = " + std::to_string(count) + ": this model is no row of layers to be cut");
}

}  // namespace sac
