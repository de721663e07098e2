#include "tests/fabric/checkpoint_cases.h"

#include <cstdint>

#include "engine/train/strategy.h"

namespace sac::test {

std::vector<CheckpointCase> checkpoint_cases() {
  const auto text = [](const char* word) { return std::string(word); };
  const std::int64_t five = 5;
  std::vector<CheckpointCase> all{
      {"sync", "sync_sgd", {}, 0.9},
      {"sync_overlap", "sync_sgd", {{"overlap", true}, {"bucket_mib", 1e-6}}, 0.0},
      {"local", "local_sgd", {{"period", five}}, 0.9},
      {"local_divergence", "local_sgd", {{"period_schedule", text("divergence")}, {"period_threshold", 0.05}}, 0.0},
      {"local_adacomm", "local_sgd", {{"period_schedule", text("adacomm")}, {"period", five}}, 0.0},
      {"staged", "staged", {{"period", five}}, 0.9},
      {"staged_swap", "staged", {{"swap", true}, {"period", five}, {"buffers", text("zero")}}, 0.9},
      {"staged_overlap",
       "staged",
       {{"overlap", true}, {"overlap_steps", std::int64_t{3}}, {"period", five}, {"chunks", std::int64_t{3}}},
       0.0},
      {"staged_rotating",
       "staged",
       {{"staging", text("rotating")}, {"overlap", true}, {"period", five}, {"chunks", five}},
       0.0},
      {"staged_dual", "staged", {{"dual_sampling", std::int64_t{2}}}, 0.0},
      {"codec", "sync_sgd", {{"codec", text("randomk")}, {"error_feedback", true}}, 0.0},
      {"codec_ef21",
       "local_sgd",
       {{"codec", text("qsgd")}, {"error_feedback", true}, {"error_feedback_rule", text("ef21")}, {"period", five}},
       0.0},
      {"codec_powersgd",
       "sync_sgd",
       {{"codec", text("powersgd")}, {"codec_rank", std::int64_t{1}}, {"error_feedback", true}},
       0.0},
      {"codec_dgc", "sync_sgd", {{"codec", text("dgc")}, {"codec_ratio", 0.1}, {"codec_warmup", five}}, 0.0},
      {"codec_huffman", "local_sgd", {{"codec", text("qsgd")}, {"codec_entropy", text("huffman")}}, 0.0},
      {"gap_aware", "async_sgd", {{"stale_remedy", text("gap_aware")}, {"codec", text("natural")}}, 0.0},
      {"first_two", "k_sync", {{"gradients", std::int64_t{2}}}, 0.9},
      {"first_three", "k_batch_sync", {{"gradients", std::int64_t{3}}}, 0.0},
      {"clients", "scaffold", {{"client_fraction", 0.5}, {"period", five}}, 0.0},
      {"clients_adam", "fedopt", {{"client_fraction", 0.5}, {"period", five}, {"codec", text("qsgd")}}, 0.5},
      {"overlap_codec",
       "overlap_local_sgd",
       {{"period", five}, {"codec", text("topk")}, {"error_feedback", true}},
       0.0},
      {"delayed_codec", "delayed_sync_momentum", {{"delay", five}, {"period", five}, {"codec", text("int8")}}, 0.5},
      {"streaming_codec", "streaming_diloco", {{"codec", text("natural")}, {"error_feedback", true}}, 0.0},
      {"nodes_codec", "hierarchical_local_sgd", {{"codec", text("topk")}, {"error_feedback", true}}, 0.0},
      {"springs_codec", "easgd", {{"codec", text("topk")}, {"error_feedback", true}}, 0.5},
      {"staged_codec",
       "staged",
       {{"codec", text("topk")}, {"error_feedback", true}, {"overlap", true}, {"period", five}, {"chunks", five}},
       0.0},
      {"staged_server_codec", "staged", {{"async", text("server")}, {"codec", text("topk")}}, 0.0},
      {"ada_sync", "k_async", {{"gradients", std::int64_t{1}}, {"gradients_schedule", text("adasync")}}, 0.0},
      {"private_layers", "asu_p", {{"private_layers", text("layer1")}, {"gradients", std::int64_t{0}}}, 0.0},
      {"buffered", "fedbuff", {{"server_optimizer", text("adam")}, {"codec", text("topk")}, {"period", five}}, 0.0},
  };
  for (const std::string& name : Registry<StrategyEntry>::instance().names()) all.push_back({name, name, {}, 0.5});
  return all;
}

}  // namespace sac::test
