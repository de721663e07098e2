#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include "results/store.h"

namespace sac {

/// What a sink continues: a run and the step up to which its points stay; nothing = from the start, none of them.
struct ResumePoint {
  std::int64_t run = 0;
  std::optional<std::int64_t> step{};
};

/// @param resume  nothing = a new run.  @see Store::sink, Store::resume_sink
std::unique_ptr<RunSink> make_sink(const std::filesystem::path& path, std::optional<ResumePoint> resume);

}  // namespace sac
