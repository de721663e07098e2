#include "engine/fabric/group/machine.h"

#include <unistd.h>

#include <fstream>

namespace sac {

std::string machine_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  if (std::getline(file, id)) return id;
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  return host;
}

}  // namespace sac
