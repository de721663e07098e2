#pragma once
#include <cstdint>
#include <string>

namespace sac {

/// One stretch of the run's clock in the life of a worker.
struct Span {
  enum class Kind : std::uint8_t {
    kCompute,
    kCommunication,  ///< blocked while data moves
    kWaiting,        ///< blocked until others arrive, or queued behind them
    kTransfer        ///< data moves on its behalf, whether it is blocked or not
  };
  int rank = 0;
  Kind kind = Kind::kCompute;
  double start = 0.0;  ///< seconds
  double end = 0.0;
  std::string what{};  ///< "all_reduce of 80202 floats"; "" for compute
};

/// "compute", "communication", "waiting", "transfer".
constexpr const char* kSpanNames[] = {"compute", "communication", "waiting", "transfer"};
inline const char* span_name(Span::Kind kind) { return kSpanNames[static_cast<std::size_t>(kind)]; }

}  // namespace sac
