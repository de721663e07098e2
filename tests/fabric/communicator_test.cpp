#include "engine/fabric/group/communicator.h"

#include <gtest/gtest.h>

#include <ATen/core/Tensor.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include "engine/fabric/group/stream_mark.h"
#include "engine/fabric/group/traffic.h"
#include "engine/fabric/virtual/network_model.h"
#include "tests/fabric/ranks.h"

namespace sac::test {
namespace {

/// A rank's communicator with all it needs.
struct Rank {
  explicit Rank(const Launch& launch)
      : store(Rendezvous::join(launch, Seconds(20.0))),
        watch(store.clone(), launch.rank, launch.world_size),
        time(true),
        context{.launch = launch,
                .timeout = Seconds(20.0),
                .store = &store,
                .watch = &watch,
                .time = &time,
                .ledger = &ledger},
        comm(context, "test", launch.rank, launch.world_size) {}
  ~Rank() { watch.leave(); }

  Rendezvous store;
  Watch watch;
  ClusterTime time;
  Ledger ledger;
  RankContext context;
  GroupCommunicator comm;
};

at::Tensor numbers(std::initializer_list<double> values) {
  return at::tensor(std::vector<double>(values), at::kDouble);
}

TEST(GroupCommunicator, CollectivesGiveTheirResults) {
  on_ranks(3, [](const Launch& launch) {
    Rank rank(launch);
    const double mine = launch.rank + 1.0;
    const at::Tensor sum = numbers({mine, 10 * mine});
    rank.comm.all_reduce(sum, Reduce::kSum);
    EXPECT_TRUE(sum.equal(numbers({6, 60})));
    const at::Tensor mean = numbers({mine});
    rank.comm.all_reduce(mean, Reduce::kMean);
    EXPECT_TRUE(mean.equal(numbers({2})));
    const at::Tensor most = numbers({mine, -mine});
    rank.comm.all_reduce(most, Reduce::kMax);
    EXPECT_TRUE(most.equal(numbers({3, -1})));
    const at::Tensor told = numbers({mine});
    rank.comm.broadcast(told, 1);
    EXPECT_TRUE(told.equal(numbers({2})));
    const at::Tensor all = at::zeros({6}, at::kDouble);
    rank.comm.all_gather(numbers({mine, -mine}), all);
    EXPECT_TRUE(all.equal(numbers({1, -1, 2, -2, 3, -3})));
    const at::Tensor part = numbers({0});
    rank.comm.reduce_scatter(numbers({mine, 2 * mine, 3 * mine}), part, Reduce::kMean);
    EXPECT_TRUE(part.equal(numbers({2.0 * mine})));
  });
}

TEST(GroupCommunicator, SeveralOperationsMayBeUnderWay) {
  on_ranks(2, [](const Launch& launch) {
    Rank rank(launch);
    std::vector<at::Tensor> tensors;
    std::vector<WorkPtr> works;
    for (int i = 0; i < 20; ++i) {
      tensors.push_back(numbers({1.0 * i}));
      works.push_back(rank.comm.all_reduce_async(tensors.back(), Reduce::kSum));
    }
    for (std::size_t i = works.size(); i-- > 0;) works[i]->wait();
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(tensors[static_cast<std::size_t>(i)].equal(numbers({2.0 * i})));
  });
}

TEST(GroupCommunicator, MessagesKeepTheirOrderAndKnowTheirTags) {
  on_ranks(2, [](const Launch& launch) {
    Rank rank(launch);
    if (launch.rank == 0) {
      for (const double value : {1.0, 2.0}) rank.comm.send(numbers({value}), 1, 5);
      rank.comm.send(numbers({3.0, 4.0}), 1, 6);
      return;
    }
    const at::Tensor pair = numbers({0, 0});
    const WorkPtr later = rank.comm.recv_async(pair, 0, 6);
    const at::Tensor one = numbers({0});
    rank.comm.recv(one, Communicator::kAnySource, 5);
    EXPECT_TRUE(one.equal(numbers({1})));
    rank.comm.recv(one, 0, 5);
    EXPECT_TRUE(one.equal(numbers({2})));
    later->wait();
    EXPECT_TRUE(pair.equal(numbers({3, 4})));
  });
}

TEST(GroupCommunicator, SplitsByColour) {
  on_ranks(4, [](const Launch& launch) {
    Rank rank(launch);
    const std::unique_ptr<Communicator> half = rank.comm.split(launch.rank % 2);
    EXPECT_EQ(half->size(), 2);
    EXPECT_EQ(half->rank(), launch.rank / 2);
    const at::Tensor sum = numbers({1.0 * launch.rank});
    half->all_reduce(sum, Reduce::kSum);
    EXPECT_TRUE(sum.equal(numbers({launch.rank % 2 == 0 ? 2.0 : 4.0})));
  });
}

TEST(GroupCommunicator, TimeBeforeTheLastArrivalIsWaiting) {
  on_ranks(2, [](const Launch& launch) {
    Rank rank(launch);
    rank.comm.barrier();
    const double begin = steady_seconds();
    while (launch.rank == 1 && steady_seconds() - begin < 0.3) {
    }
    rank.comm.all_reduce(numbers({1.0}), Reduce::kSum);
    rank.comm.settle();
    if (launch.rank == 0) {
      EXPECT_GT(rank.ledger.waiting.value, 0.2);
    }
    EXPECT_GT(rank.ledger.communication.value, 0.0);
  });
}

TEST(GroupTraffic, AddsUpToTheNetworkModels) {
  const NetworkModel ring({.latency_s = 1e-6,
                           .bandwidth_Bps = 1e9,
                           .algorithm = "ring",
                           .local_latency_s = 1e-6,
                           .local_bandwidth_Bps = 1e9});
  for (const int p : {1, 2, 3, 4, 7, 8}) {
    const std::int64_t n = 840;  // every p divides it
    std::vector<int> ranks;
    std::int64_t broadcast = 0;
    for (int rank = 0; rank < p; ++rank) {
      ranks.push_back(rank);
      broadcast += broadcast_traffic(p, rank, p / 2, n).wire_bytes;
    }
    EXPECT_EQ(p * all_reduce_traffic(p, n).wire_bytes, ring.cost(CollectiveKind::kAllReduce, ranks, n).wire_bytes);
    EXPECT_EQ(p * all_gather_traffic(p, n / p).wire_bytes, ring.cost(CollectiveKind::kAllGather, ranks, n).wire_bytes);
    EXPECT_EQ(broadcast, ring.cost(CollectiveKind::kBroadcast, "tree", ranks, n).wire_bytes);
  }
}

}  // namespace
}  // namespace sac::test
