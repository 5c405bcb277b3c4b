"""kill -9 of slurmd at random moments: the run on Slurm goes on, and no result changes."""

import os
import random
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.slurm.conftest import LOCAL, SLURM, Clone
from tests.slurm.test_study import STUDY

pytestmark = pytest.mark.slurm
SEED, KILLS = 671, 6
SIMULATION = "results/slurm/simulation/quebec_baskatong.zarr.zip"


def test_slurmd_killed_at_random_moments_changes_no_result(slurm, tmp_path_factory):
    study, rng = STUDY | {"cohorts": 0, "gpus": 0}, random.Random(SEED)
    here, there = (Clone(tmp_path_factory.mktemp(name), study) for name in ("here", "there"))
    assert here.run(*LOCAL, SIMULATION) == 0

    submitted = there.start(*SLURM, SIMULATION)
    for _ in range(KILLS):
        time.sleep(rng.uniform(2, 10))
        assert submitted.poll() is None
        killed = slurmd()
        os.kill(killed, signal.SIGKILL)
        time.sleep(rng.uniform(0, 3))
        subprocess.run(["slurmd", "-N", "localhost"], check=True)  # as systemd would
        while slurmd() in (0, killed):
            time.sleep(0.1)
    assert submitted.wait() == 0
    assert here.files() == there.files()


def slurmd() -> int:
    """Its process, of which it writes the number as it starts; 0 before."""
    settings = Path("/etc/slurm/slurm.conf").read_text()
    return int(Path(re.search("SlurmdPidFile=(.*)", settings)[1]).read_text() or 0)
