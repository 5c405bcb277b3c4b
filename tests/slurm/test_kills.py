"""kill -9 of slurmd and of the Snakemake that submits, at random moments: the run goes on, and no result changes."""

import os
import random
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.slurm.conftest import LOCAL, SLURM, Clone, queue
from tests.slurm.test_study import STUDY

pytestmark = pytest.mark.slurm
SEED = 671
KILLS = ["slurmd"] * 6 + ["snakemake"] * 3
SIMULATION = "results/slurm/simulation/quebec_baskatong.zarr.zip"


def test_kills_at_random_moments_change_no_result(slurm, tmp_path_factory):
    study, rng = STUDY | {"cohorts": 0, "gpus": 0}, random.Random(SEED)
    here, there = (Clone(tmp_path_factory.mktemp(name), study) for name in ("here", "there"))
    assert here.run(*LOCAL, SIMULATION) == 0

    submitted = there.start(*SLURM, SIMULATION)
    for victim in rng.sample(KILLS, len(KILLS)):
        time.sleep(rng.uniform(2, 10))
        if submitted.poll() is not None:
            assert_equal(submitted, here, there)
            shutil.rmtree(there.results)
            submitted = there.start(*SLURM, SIMULATION)
        if victim == "slurmd":
            kill_slurmd(rng.uniform(0, 3))
        else:  # its jobs go on, and the next one does not know of them
            submitted.kill()
            submitted.wait()
            submitted = there.start(*SLURM, SIMULATION)
    assert_equal(submitted, here, there)


def assert_equal(submitted: subprocess.Popen, here: Clone, there: Clone) -> None:
    """Once it has ended, and with it the jobs that a killed one left behind."""
    assert submitted.wait() == 0
    while queue("JobID", states="pending,running"):
        time.sleep(1)
    assert here.files() == there.files()


def kill_slurmd(pause: float) -> None:
    """And start it again after some seconds, as systemd would."""
    killed = slurmd()
    os.kill(killed, signal.SIGKILL)
    time.sleep(pause)
    subprocess.run(["slurmd", "-N", "localhost"], check=True)
    while slurmd() in (0, killed):
        time.sleep(0.1)


def slurmd() -> int:
    """Its process, of which it writes the number as it starts; 0 before."""
    settings = Path("/etc/slurm/slurm.conf").read_text()
    return int(Path(re.search("SlurmdPidFile=(.*)", settings)[1]).read_text() or 0)
