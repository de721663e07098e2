"""Runs on real ranks: started here, or joined by the variables of torchrun, srun and mpirun."""

import json

from ranks import GLOO, RanksCase, env_of, free_port
from support import TINY

JOINING = {
    "environment": lambda rank, port: env_of(rank, 2, port),
    "torchrun": lambda rank, port: {**env_of(rank, 2, port), "LOCAL_RANK": str(rank), "LOCAL_WORLD_SIZE": "2",
                                    "TORCHELASTIC_RUN_ID": "none", "TORCHELASTIC_RESTART_COUNT": "0",
                                    "TORCHELASTIC_USE_AGENT_STORE": "False"},
    "srun": lambda rank, port: {"SLURM_JOB_ID": str(port), "SLURM_STEP_ID": "0", "SLURM_PROCID": str(rank),
                                "SLURM_LOCALID": str(rank), "SLURM_STEP_NUM_TASKS": "2", "SLURM_NNODES": "1",
                                "SLURM_STEP_NODELIST": "localhost", "SLURM_STEP_TASKS_PER_NODE": "2"},
    "Open MPI": lambda rank, port: {"OMPI_COMM_WORLD_RANK": str(rank), "OMPI_COMM_WORLD_SIZE": "2",
                                    "OMPI_COMM_WORLD_LOCAL_RANK": str(rank), "OMPI_COMM_WORLD_LOCAL_SIZE": "2",
                                    "MASTER_PORT": str(port)},
    "MPICH": lambda rank, port: {"PMI_RANK": str(rank), "PMI_SIZE": "2", "MPI_LOCALRANKID": str(rank),
                                 "MPI_LOCALNRANKS": "2", "MASTER_PORT": str(port)},
}


class Launch(RanksCase):
    def test_local_ranks_give_one_row_and_leave_nothing_else(self):
        for workers in [1, 2, 3]:
            run = self.train("--fabric", "gloo", "--workers", workers, "--steps", "20")
            self.assertEqual((run["status"], run["workers"], run["steps"]), ("FINISHED", workers, 20))
        self.assertEqual(self.rows("SELECT fabric, workers FROM v_runs ORDER BY run"),
                         [{"fabric": "gloo", "workers": workers} for workers in [1, 2, 3]])
        self.assertEqual([path.name for path in self.folder.iterdir()], ["runs.db"])

    def test_real_ranks_end_where_virtual_workers_do(self):
        for strategy in ["sync_sgd", "local_sgd", "staged"]:
            virtual, real = (self.train("--strategy", strategy, "--workers", "2", "--steps", "50", "--fabric", fabric)
                             for fabric in ["virtual", "gloo"])
            self.assertAlmostEqual(real["final"]["loss"] / virtual["final"]["loss"], 1.0, delta=1e-5)
            self.assertNotEqual(real["key"], virtual["key"])
            self.assertEqual(real["traffic"]["payload_bytes"], virtual["traffic"]["payload_bytes"])

    def test_a_short_summary_without_virtual_time(self):
        done = self.sactool("train", *GLOO, "--workers", "2", "--steps", "5", "--db", self.database)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertNotIn("virtual", done.stdout)
        quiet = self.sactool("train", "-q", *GLOO, "--workers", "2", "--steps", "5", "--db", self.database)
        self.assertEqual((quiet.returncode, quiet.stdout, quiet.stderr), (0, "", ""))

    def test_ranks_join_by_their_launchers_variables(self):
        for launcher, variables in JOINING.items():
            with self.subTest(launcher):
                self.database = self.folder / f"{launcher}.db"
                port = free_port()
                children = self.start_ranks([variables(rank, port) for rank in range(2)], *GLOO, "--steps", "20", "--json")
                (code, output, error), silent = self.finish_ranks(children)
                self.assertEqual((code, error), (0, ""))
                self.assertEqual(json.loads(output)["workers"], 2)
                self.assertEqual(silent, (0, "", ""))
                self.assertEqual(self.rows("SELECT status, workers FROM v_runs"), [{"status": "FINISHED", "workers": 2}])

    def refuse(self, *arguments, says, code=2, **environment):
        done = self.sactool("train", *arguments, "--db", self.database, **environment)
        self.assert_refused(done, *says, code=code)
        self.assertEqual(list(self.folder.iterdir()), [], "something was left behind")

    def test_half_an_environment_is_refused(self):
        whole = env_of(0, 2, 29500)
        for missing in whole:
            half = {name: value for name, value in whole.items() if name != missing}
            self.refuse(*GLOO, says=["half set", f"but not {missing};", "torchrun"], **half)
        self.refuse(*GLOO, says=["OMPI_COMM_WORLD_RANK=0", "but not OMPI_COMM_WORLD_SIZE"], OMPI_COMM_WORLD_RANK="0")
        self.refuse(*GLOO, says=["RANK=x"], **{**whole, "RANK": "x"})
        self.refuse(*GLOO, says=["RANK=2", "at most 1"], **{**whole, "RANK": "2"})

    def test_a_virtual_run_does_not_care_who_started_it(self):
        self.assertEqual(self.train("--steps", "2", RANK="x")["workers"], 4)
        self.assertEqual(self.train("--steps", "2", **env_of(1, 2, 29500))["workers"], 4)

    def test_workers_are_the_launchers_ranks(self):
        self.refuse(*GLOO, "--workers", "3", says=["--workers: cluster.workers = 3", "2 ranks"], **env_of(0, 2, 29500))
        done = self.sactool("train", *GLOO, "--dry-run", **env_of(0, 2, 29500))
        self.assertIn("workers = 2  # environment\n", done.stdout)
        self.assertEqual(self.sactool("train", *GLOO, "--dry-run", **env_of(1, 2, 29500)).stdout, "")

    def test_what_only_virtual_runs_have(self):
        self.refuse(*GLOO, "--set", "train.checkpoint_every=5", says=["train.checkpoint_every = 5", "only virtual runs"])
        self.train("--fabric", "gloo", "--workers", "1", "--steps", "2")
        self.assert_refused(self.sactool("train", "--resume", "1", "--db", self.database), "gloo", "virtual runs")

    def test_a_spec_that_cannot_run_is_refused_once(self):
        self.refuse("--fabric", "glo", says=["glo", "gloo"])
        self.refuse(*GLOO, "--workers", "2", "--set", "model.name=lenet", says=["lenet"])
        self.refuse("--fabric", "gloo", "--data-dir", "no_such_folder", says=["no_such_folder"])
        self.assert_refused(self.sactool("train", *GLOO, "--steps", "1", "--db", "no/such/folder/runs.db"), "no/such/folder")
        notes = self.write("notes.db", "these are my notes\n" * 100)
        self.assert_refused(self.sactool("train", *GLOO, "--steps", "1", "--db", notes), "notes.db")
        self.assertEqual([path.name for path in self.folder.iterdir()], ["notes.db"])

    def test_nccl_needs_a_gpu(self):
        if json.loads(self.sactool("doctor", "--json").stdout).get("cuda", "built without CUDA") != "built without CUDA":
            return  # the tests with the label gpu take over
        self.refuse(*TINY, "--fabric", "nccl", says=["nccl", "build with CUDA", "choices here: virtual, gloo"], code=4)
