#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "engine/core/error.h"

namespace sac {

/// "sactool: error: MESSAGE" on stderr, always one line.
void print_error(const std::string& message);

/// "sactool: MESSAGE" on stderr.
void print_note(const std::string& message);

/// One JSON document on stdout; text that is not UTF-8 is mended.
void print_json(const nlohmann::ordered_json& document);

/// A number for JSON, which has no NaN and no infinity: those become the strings "nan", "inf", "-inf".
nlohmann::ordered_json json_number(double number);

/// Hands back `code` once stdout has taken everything. A reader that has gone away is no error.
/// @throws Error  stdout cannot be written, e.g. a full disk (exit 1).
ExitCode finish_output(ExitCode code);

}  // namespace sac
