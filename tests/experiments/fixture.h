#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/core/error.h"
#include "experiments/spec.h"

namespace sac {

/// The spec that one file of this text makes, over the defaults.
inline RunSpec spec_of(const std::string& text) {
  const std::vector<Layer> layers{read_spec_text(text, "exp.toml")};
  return resolve(layers);
}

/// The message of the Error that `action` throws, or "no error".
template <class Action>
std::string error_of(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), ExitCode::kUsage) << error.what();
    return error.what();
  }
  return "no error";
}

inline std::string spec_error(const std::string& text) {
  return error_of([&] { spec_of(text); });
}

/// A tiny run on generated data.
inline const char* const kTiny = R"(
[data]
name = "blobs"
[model]
name = "linear"
[train]
steps = 6
batch_size = 4
log_every = 2
)";

}  // namespace sac
