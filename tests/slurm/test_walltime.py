"""A training that meets its limit of time goes on in the next job, and ends as if it had never been cut."""

import math
import time
from itertools import pairwise
from pathlib import Path

import pytest
from safetensors import safe_open

from hydronexus import archive
from hydronexus.config import Study
from hydronexus.training.train import Task, train
from tests.slurm.conftest import LOCAL, SLURM, Clone, Watch
from tests.slurm.test_study import STUDY

pytestmark = pytest.mark.slurm
WEIGHTS = "results/slurm/models/quebec_baskatong/weights.safetensors"
FORCING = "results/slurm/forcing/quebec_baskatong.zarr.zip"
LIMIT = "train_nexus:runtime=60**(attempt-1)"  # minutes: one, which Slurm looks at twice a minute, then an hour
LONGER = 120  # seconds
TRIAL = 60  # steps


def test_a_training_cut_by_its_limit_resumes_to_the_same_weights(slurm, tmp_path_factory):
    study = STUDY | {"cohorts": 0, "gpus": 0}
    here, there = (Clone(tmp_path_factory.mktemp(name), study) for name in ("here", "there"))
    assert here.run(*LOCAL, FORCING) == 0

    steps = steps_of(here.folder / FORCING, Study.model_validate(study))
    settings = study["training"] | {"steps": steps, "patience": steps, "checkpoint_every": steps + 1}
    for clone in (here, there):
        clone.configure(study | {"training": settings})

    undisturbed = here.start(*LOCAL, WEIGHTS)
    with Watch() as watch:
        assert there.run(*SLURM, WEIGHTS, "--set-resources", LIMIT) == 0
    assert undisturbed.wait() == 0
    trainings = [job["state"] for job in watch.jobs.values() if job["rule"].startswith("rule_train_nexus")]
    assert trainings == ["TIMEOUT", "COMPLETED"]
    assert "resuming at step" in (there.results / "logs" / "train_nexus" / "quebec_baskatong.log").read_text()
    with safe_open(here.folder / WEIGHTS, "np") as one, safe_open(there.folder / WEIGHTS, "np") as other:
        names = list(one.keys())
        assert names == list(other.keys())
        assert all((one.get_tensor(name) == other.get_tensor(name)).all() for name in names)
    assert not list((there.results / "checkpoints").glob("*"))


def steps_of(path: Path, study: Study) -> int:
    """As many steps of training as take longer than the limit on this machine, should nothing else run on it."""
    forcing = archive.read(path)
    times: list[float] = []

    def stop() -> bool:
        times.append(time.monotonic())
        return len(times) == TRIAL

    training = study.training.model_copy(update={"steps": 2 * TRIAL})
    with pytest.raises(InterruptedError):
        train(Task("trial", forcing, study.periods), study.model, training, stop=stop)
    return math.ceil(LONGER / min(end - begin for begin, end in pairwise(times)))
