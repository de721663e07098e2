#include "engine/fabric/group/probe.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <thread>

namespace sac {
namespace {

using namespace std::chrono_literals;
using Deadline = std::chrono::steady_clock::time_point;

int milliseconds_to(Deadline deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
}

/// errno of one attempt; 0 = connected.
int try_connect(const addrinfo& address, Deadline deadline) {
  const int fd = socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  int error = connect(fd, address.ai_addr, address.ai_addrlen) == 0 ? 0 : errno;
  if (error == EINPROGRESS) {
    pollfd waiting{.fd = fd, .events = POLLOUT, .revents = 0};
    socklen_t size = sizeof error;
    if (poll(&waiting, 1, milliseconds_to(deadline)) <= 0) {
      error = ETIMEDOUT;
    } else {
      getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    }
  }
  close(fd);
  return error;
}

}  // namespace

std::string wait_for_listener(const std::string& host, int port, Deadline deadline) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int unknown = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (unknown != 0) return gai_strerror(unknown);
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> release(found, &freeaddrinfo);
  while (true) {
    int error = 0;
    for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
      error = try_connect(*address, deadline);
      if (error == 0) return "";
    }
    if (milliseconds_to(deadline) == 0) return std::strerror(error);
    std::this_thread::sleep_for(std::min(50ms, std::chrono::milliseconds(milliseconds_to(deadline))));
  }
}

}  // namespace sac
