#pragma once

namespace sac {

/// What `sactool train --scheduled` ends with where the database cannot be used: the sweep that has started it then
/// stops, and the run counts as not yet made. An agreement between the two, not one of the exit codes users see.
inline constexpr int kDatabaseTrouble = 74;

}  // namespace sac
