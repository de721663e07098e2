#pragma once
#include <ATen/core/Tensor.h>

#include <memory>
#include <mutex>
#include <vector>

#include "engine/nn/layer.h"

namespace sac {

/// What one forward and backward pass needs beside parameters and gradients. Nothing in it outlives the call, so that
/// replicas take turns: as many exist as calls ever ran at once, not as there are replicas (unless they wait for one
/// another midway: synchronised statistics), and they stay in the cache.
struct Workspace {
  explicit Workspace(std::size_t count) : layers(count) {}

  std::vector<LayerSpace> layers;
  BatchContext batch;
  at::Tensor logits_gradient;
};

/// Lends workspaces. Thread-safe; what a call computes does not depend on which one it got.
class WorkspacePool {
 public:
  explicit WorkspacePool(std::size_t layers) : layers_(layers) {}

  /// A workspace on loan until the end of the scope.
  class Lease {
   public:
    explicit Lease(WorkspacePool& pool) : pool_(pool), workspace_(pool.take()) {}
    ~Lease() { pool_.give_back(std::move(workspace_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Workspace* operator->() const { return workspace_.get(); }
    Workspace& operator*() const { return *workspace_; }

   private:
    WorkspacePool& pool_;
    std::unique_ptr<Workspace> workspace_;
  };

 private:
  std::unique_ptr<Workspace> take();
  void give_back(std::unique_ptr<Workspace> workspace);

  std::size_t layers_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Workspace>> free_;
};

}  // namespace sac
