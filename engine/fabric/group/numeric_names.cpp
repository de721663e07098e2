#include <dlfcn.h>
#include <netdb.h>

/// Stands before the C library's function of this name in the whole process. c10d asks the DNS for every peer's name,
/// for a log that is off; where no DNS answers that costs five seconds a connection. Here hosts stay numbers.
extern "C" int getnameinfo(const sockaddr* address, socklen_t address_size, char* host, socklen_t host_size,
                           char* service, socklen_t service_size, int flags) {
  using Function = int (*)(const sockaddr*, socklen_t, char*, socklen_t, char*, socklen_t, int);
  static const auto original = reinterpret_cast<Function>(dlsym(RTLD_NEXT, "getnameinfo"));
  return original(address, address_size, host, host_size, service, service_size, flags | NI_NUMERICHOST);
}
