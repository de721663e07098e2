#pragma once
#include <gtest/gtest.h>

namespace sac::test {

/// True where LibTorch can use a GPU.
bool has_gpu();

/// A test that is skipped, saying so, on a machine or in a build without a GPU.
class NeedsGpu : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_gpu()) GTEST_SKIP() << "no GPU here, or built without CUDA";
  }
};

}  // namespace sac::test
