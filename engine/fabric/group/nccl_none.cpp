#include "engine/core/error.h"
#include "engine/fabric/group/c10d_backend.h"

namespace sac {

BackendRef make_nccl(const GroupSeat& /*seat*/) {
  throw Error(ExitCode::kBackend,
              "cluster.fabric = nccl needs a build with CUDA, and this one has none; choices here: "
              "virtual, gloo");
}

}  // namespace sac
