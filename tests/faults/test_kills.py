"""kill -9 of Snakemake, of jobs and of Dask workers at random moments: nothing is lost, and no number changes."""

import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import dask.array
import numpy as np
import pytest

from hydronexus.config import Workers
from hydronexus.precipitation import driver
from hydronexus.precipitation.cluster import client_of
from hydronexus.precipitation.driver import Sweep
from tests.faults.conftest import Study, unlike
from tests.precipitation.test_driver import BASINS, FULL, THRESHOLD, check, grid_of, rain  # noqa: F401
from tests.workflow.test_runs import _processes_of

pytestmark = pytest.mark.faults
SEED = 671
KILLS = 40
LATEST = 0.2  # of the time that the undisturbed study took; later, and a round would see few kills
SWEEPS, DEATHS = 5, 2  # of workers in each: Dask takes a task that saw three die for their murderer


def test_a_study_killed_again_and_again_ends_as_if_undisturbed(undisturbed, tmp_path):
    study, rng, killed = Study(tmp_path), random.Random(SEED), Counter()
    rounds = 0
    while killed.total() < KILLS:
        process = study.start()
        while killed.total() < KILLS:
            try:
                status = process.wait(timeout=rng.uniform(0, LATEST * undisturbed.seconds))
            except subprocess.TimeoutExpired:
                jobs = _processes_of(".snakemake/scripts/", study.folder)
                if jobs and rng.random() < 0.5:
                    os.kill(rng.choice(jobs), signal.SIGKILL)
                    killed["job"] += 1
                    continue
                killed["snakemake"] += 1
            else:
                if status == 0:
                    assert unlike(study.files(), undisturbed.files) == []
                    shutil.rmtree(study.results)
                    rounds += 1
            break
        process.kill()
        process.wait()
    print(f"{dict(killed)}; {rounds} studies ended between")
    study.snakemake()
    assert unlike(study.files(), undisturbed.files) == []
    assert study.planned() == ({}, set())
    assert min(killed["snakemake"], killed["job"]) >= KILLS / 4


def test_jobs_end_with_the_snakemake_that_was_killed(tmp_path):
    study = Study(tmp_path)
    log = study.results / "logs" / "train_nexus" / "mine_a.log"
    process = study.start(str(log.relative_to(study.folder).parents[2] / "models" / "mine_a" / "weights.safetensors"))
    while not (log.exists() and "encoder" in log.read_text()) and process.poll() is None:
        time.sleep(0.05)
    assert len(_processes_of("train_nexus.py", study.folder)) == 1
    process.kill()
    process.wait()
    deadline = time.monotonic() + 30
    while _processes_of("train_nexus.py", study.folder) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert _processes_of("train_nexus.py", study.folder) == []


def test_dask_workers_killed_at_random_moments_change_no_number(rain, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setattr(driver, "BLOCK_STEPS", 2)
    rng, killed = random.Random(SEED), 0

    def slow(block: np.ndarray) -> np.ndarray:
        time.sleep(0.05)
        return block

    array = dask.array.from_array(rain, (2, 14, 18)).map_blocks(slow, dtype=rain.dtype, meta=rain[:0])
    with ThreadPoolExecutor(1) as aside, client_of(Workers(), threads=2) as client:
        for number in range(SWEEPS):
            found = aside.submit(Sweep(grid_of(array), BASINS, FULL, THRESHOLD, tmp_path / str(number)).run, client)
            for _ in range(DEATHS):
                time.sleep(rng.uniform(0, 1))
                workers = list(client.run(os.getpid, on_error="ignore").values())
                if workers and not found.done():
                    os.kill(rng.choice(workers), signal.SIGKILL)
                    killed += 1
            check(found.result(), rain)
    print(f"{killed} workers killed in {SWEEPS} sweeps")
    assert killed >= SWEEPS
