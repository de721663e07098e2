#define USE_C10D_GLOO
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include "engine/fabric/group/c10d_backend.h"
#include "engine/fabric/group/pending.h"

namespace sac {
namespace {

/// This machine's address on the way to `host`, or "" where there is none.
std::string address_towards(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), "9", &hints, &found) != 0) return "";
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> release(found, &freeaddrinfo);
  const int socket_fd = socket(found->ai_family, SOCK_DGRAM, 0);
  if (socket_fd < 0) return "";
  sockaddr_storage mine{};
  socklen_t length = sizeof mine;
  char text[NI_MAXHOST] = "";
  if (connect(socket_fd, found->ai_addr, found->ai_addrlen) == 0 &&
      getsockname(socket_fd, reinterpret_cast<sockaddr*>(&mine), &length) == 0) {
    getnameinfo(reinterpret_cast<sockaddr*>(&mine), length, text, sizeof text, nullptr, 0, NI_NUMERICHOST);
  }
  close(socket_fd);
  return text;
}

std::shared_ptr<gloo::transport::Device> gloo_device(const std::string& host) {
  if (const char* interface = std::getenv("GLOO_SOCKET_IFNAME"); interface != nullptr && *interface != '\0') {
    return c10d::ProcessGroupGloo::createDeviceForInterface(interface);
  }
  const std::string address = address_towards(host);
  return address.empty() ? c10d::ProcessGroupGloo::createDefaultDevice()
                         : c10d::ProcessGroupGloo::createDeviceForHostname(address);
}

}  // namespace

BackendRef make_gloo(const GroupSeat& seat) {
  auto options = c10d::ProcessGroupGloo::Options::create(c10d_timeout(seat.timeout));
  options->devices.push_back(gloo_device(seat.host));
  auto group = c10::make_intrusive<c10d::ProcessGroupGloo>(seat.store, seat.rank, seat.size, options);
  group->setTimeout(c10d_timeout(Seconds{}));
  return group;
}

}  // namespace sac
