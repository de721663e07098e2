#include "cli/train_flags.h"

#include "cli/data_dir_option.h"
#include "cli/db_option.h"

namespace sac {
namespace {

constexpr const char* kExamples =
    "  sactool train                                      sync_sgd, 4 workers, mlp on Fashion-MNIST, one epoch\n"
    "  sactool train --strategy staged --workers 8 --steps 500\n"
    "  sactool train exp.toml --set strategy.period=8 --set model.hidden=[256,128]\n"
    "  sactool train exp.toml --dry-run                   the resolved spec and who set each key\n"
    "  sactool train --resume 12                          a run that was stopped or killed; no number: the newest\n"
    "\n"
    "Later sources win: defaults, config.toml in ~/.config/sactool, SPEC, --config, SACTOOL_TABLE__KEY variables\n"
    "(SACTOOL_TRAIN__STEPS=10), --set, flags. --profile comes after --config.";

}  // namespace

void add_timeline_option(CLI::App& sub, std::int64_t& steps) {
  sub.add_option("--timeline", steps, "First steps whose timeline is stored (virtual runs, 32 workers at most) [16]")
      ->type_name("STEPS")
      ->check(CLI::Range(0, 100'000));
}

void declare_train_flags(CLI::App& sub, TrainFlags& flags) {
  sub.footer(kExamples);
  add_spec_options(sub, flags.spec, "What to run, as TOML");
  add_slots_option(sub, flags.slots);
  add_db_option(sub, flags.database);
  add_data_dir_option(sub, flags.data_dir);
  sub.add_option("--save", flags.save, "Write the final model as a safetensors file (start from one: model.weights)")
      ->type_name("FILE")
      ->check(empty_name);
  sub.add_option("--resume", flags.resume, "Go on with a stopped run: its number, name or key [the newest]")
      ->type_name("RUN")
      ->expected(0, 1)
      ->default_str(kNewestRun)
      ->check(empty_name);
  sub.add_option("--scheduled", flags.scheduled, "Make a run that a sweep has scheduled, or go on with it")
      ->type_name("RUN")
      ->check(empty_name)
      ->excludes("--resume");
  add_timeline_option(sub, flags.timeline);
  sub.add_flag("--json", flags.json, "One JSON object on stdout");
  sub.add_flag("--dry-run", flags.dry_run, "Print the resolved spec with the origin of each key; run nothing");
}

}  // namespace sac
