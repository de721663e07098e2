#include "experiments/prediction.h"

#include "engine/fabric/virtual/executor.h"
#include "engine/train/rehearsal.h"
#include "experiments/tee.h"

namespace sac {

Prediction predict(const RunSpec& spec, const RunSettings& settings) {
  PreparedRun run = prepare_run(on_virtual_cluster(spec), settings);
  Prediction prediction{.context = run.context, .outcome = {}, .computed = !can_rehearse(run.job)};
  run.job.train.eval_every = 0;
  run.job.train.checkpoint_every = 0;
  if (!prediction.computed) {
    run.job = rehearsal(run.job);
    run.cluster.carries_values = false;
  }
  NoSink sink;
  prediction.outcome = VirtualExecutor(run.cluster, run.slots).run(run.job, sink);
  RunOutcome& outcome = prediction.outcome;
  outcome.accuracy.reset();
  outcome.loss.reset();
  outcome.train_loss.reset();
  outcome.params_sha256.clear();
  return prediction;
}

}  // namespace sac
