#include "engine/nn/safetensors.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <sstream>

#include "engine/core/error.h"
#include "tests/nn/replica.h"

namespace sac::test {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

class Safetensors : public testing::Test {
 protected:
  Safetensors()
      : path_(std::filesystem::temp_directory_path() / ("sac-" + std::to_string(getpid()) + ".safetensors")) {}
  ~Safetensors() override { std::filesystem::remove(path_); }

  void write(const std::string& header, const std::string& data) const {
    const std::uint64_t length = header.size();
    std::ofstream file(path_, std::ios::binary);
    file.write(reinterpret_cast<const char*>(&length), 8);
    file << header << data;
  }

  [[nodiscard]] std::string content() const {
    std::ostringstream text;
    text << std::ifstream(path_, std::ios::binary).rdbuf();
    return text.str();
  }

  /// A refusal that changes nothing.
  void expect_refusal(const std::string& what) const {
    Replica replica(make_model("linear", {2, 1, 1}, at::kFloat, {}, 2));
    const at::Tensor before = replica.parameters.clone();
    EXPECT_THAT([&] { load_safetensors(path_, replica.model->layout(), replica.parameters, replica.buffers); },
                ThrowsMessage<DataError>(HasSubstr(path_.string() + ": " + what)));
    EXPECT_TRUE(at::equal(replica.parameters, before));
  }

  std::filesystem::path path_;
};

TEST_F(Safetensors, BringsBackWhatWasSaved) {
  for (const std::string name : {"resnet9", "transformer_lm"}) {
    const auto model = make_model(name, fitting_sample(name), at::kFloat);
    const Replica saved(model, 1);
    const Replica loaded(model, 2);
    save_safetensors(path_, model->layout(), saved.parameters, saved.buffers);
    load_safetensors(path_, model->layout(), loaded.parameters, loaded.buffers);
    EXPECT_TRUE(at::equal(loaded.parameters, saved.parameters)) << name;
    EXPECT_TRUE(at::equal(loaded.buffers, saved.buffers)) << name;
    EXPECT_FALSE(std::filesystem::exists(path_.string() + ".part"));
  }
}

TEST_F(Safetensors, ConvolutionsLieAsPyTorchHasThem) {
  const auto model = make_model("resnet18", {3, 8, 8}, at::kFloat);
  const Replica replica(model, 1);
  save_safetensors(path_, model->layout(), replica.parameters, replica.buffers);
  const std::string bytes = content();
  EXPECT_THAT(bytes, HasSubstr(R"("conv1.weight":{"dtype":"F32","shape":[64,3,3,3],"data_offsets":[0,6912]})"));
  EXPECT_THAT(bytes, HasSubstr(R"("layer2.0.downsample.0.weight")"));
  EXPECT_THAT(bytes, HasSubstr(R"("layer1.0.bn1.running_var")"));
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  float second = 0.0F;
  std::memcpy(&second, bytes.data() + 8 + length + 4, 4);
  EXPECT_EQ(second, replica.parameters[3].item<float>()) << "(0, 0, 0, 1) of [64, 3, 3, 3] is (0, 0, 1, 0) here";
}

TEST_F(Safetensors, TakesOtherDtypesAndPassesCountersOver) {
  Replica replica(make_model("linear", {2, 1, 1}, at::kFloat, {}, 2));
  const std::string ones("\x00\x3C\x00\x3C\x00\x3C\x00\x3C\x00\x3C\x00\x3C", 12);
  write(R"({"fc.weight":{"dtype":"F16","shape":[2,2],"data_offsets":[0,8]},)"
        R"("fc.bias":{"dtype":"F16","shape":[2],"data_offsets":[8,12]},"__metadata__":{"format":"pt"},)"
        R"("bn.num_batches_tracked":{"dtype":"I64","shape":[],"data_offsets":[0,8]}})",
        ones);
  load_safetensors(path_, replica.model->layout(), replica.parameters, replica.buffers);
  EXPECT_TRUE(replica.parameters.eq(1).all().item<bool>());
}

TEST_F(Safetensors, RefusesInOneLine) {
  std::filesystem::remove(path_);
  expect_refusal("cannot be read: No such file or directory");
  const std::string weight = R"("fc.weight":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]})";
  const std::string bias = R"("fc.bias":{"dtype":"F32","shape":[2],"data_offsets":[16,24]})";
  const std::string data(24, '\0');
  write("nonsense", data);
  expect_refusal("is no safetensors file: its header is no JSON object");
  write("{" + weight + "}", data);
  expect_refusal("lacks the model's tensor 'fc.bias'");
  write("{" + weight + "," + bias + "}", data.substr(0, 20));
  expect_refusal("truncated: tensor 'fc.bias' ends behind the file's end");
  write("{" + weight + R"(,"fc.bias":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}})", data);
  expect_refusal("tensor 'fc.bias' shares bytes with another");
  write("{" + weight + "," + bias + R"(,"more":{"dtype":"F32","shape":[],"data_offsets":[0,4]}})", data);
  expect_refusal("holds a tensor 'more' that the model does not have");
  write(R"({"fc.weight":{"dtype":"F32","shape":[3,2],"data_offsets":[0,24]},)" + bias + "}", data);
  expect_refusal("tensor 'fc.weight' has shape [3,2], the model's has [2,2]");
  write(R"({"fc.weight":{"dtype":"I8","shape":[2,2],"data_offsets":[0,4]},)" + bias + "}", data);
  expect_refusal("tensor 'fc.weight' is of dtype I8; choices: BF16, F16, F32, F64");
  write(R"({"fc.weight":{"shape":[2,2]},)" + bias + "}", data);
  expect_refusal("the header's entry of tensor 'fc.weight' has no dtype, shape and data_offsets");
  std::ofstream(path_) << "abc";
  expect_refusal("is no safetensors file, or truncated");
}

}  // namespace
}  // namespace sac::test
