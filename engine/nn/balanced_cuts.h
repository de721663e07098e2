#pragma once
#include <cstddef>
#include <vector>

namespace sac {

/// Cuts a row of pieces into `parts` runs so that the dearest run is as cheap as can be and, among such cuts, the sum
/// of the runs' squared costs is least.
/// @param costs  of the pieces, >= 0.  @param parts  in [1, pieces].
/// @return where the runs begin, ascending, the first 0.
std::vector<std::size_t> balanced_cuts(const std::vector<double>& costs, std::size_t parts);

}  // namespace sac
