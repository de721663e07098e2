#pragma once
#include <string>

#include "engine/core/error.h"

namespace sac {

/// "sactool: error: MESSAGE" on stderr, always one line; into the file $SACTOOL_ERROR_FILE where the launcher of local
/// ranks, who then says it, has named one.
void print_error(const std::string& message);

/// "sactool: MESSAGE" on stderr.
void print_note(const std::string& message);

/// Hands back `code` once stdout has taken everything. A reader that has gone away is no error.
/// @throws Error  stdout cannot be written, e.g. a full disk (exit 1).
ExitCode finish_output(ExitCode code);

}  // namespace sac
