"""A study by `snakemake --cores 32 --profile slurm` gives what it gives here; one bad basin stops no other."""

import json
from collections.abc import Iterator

import pandas as pd
import pytest
import yaml

from tests.slurm.conftest import LOCAL, ROOT, SLURM, Clone, Watch

pytestmark = pytest.mark.slurm
STUDY = yaml.safe_load((ROOT / "tests" / "slurm" / "study.yaml").read_text())


@pytest.fixture(scope="module")
def runs(slurm, tmp_path_factory) -> Iterator[tuple[Clone, Clone, Watch]]:
    """The study run here and on Slurm, each in a fresh clone."""
    here, there = (Clone(tmp_path_factory.mktemp(name), STUDY) for name in ("here", "there"))
    local = here.start(*LOCAL)
    with Watch() as watch:
        status = there.run(*SLURM)
    assert status == local.wait() == 1  # for the basin that does not exist
    return here, there, watch


def test_every_result_is_that_of_the_local_run(runs):
    local, submitted = (run.files() for run in runs[:2])
    assert set(local) == set(submitted)
    assert {f"simulation/quebec_{basin}.zarr.zip" for basin in ("au_saumon", "baskatong")} < set(local)
    assert [name for name in local if local[name] != submitted[name]] == []


def test_a_failing_basin_is_quarantined_and_the_others_of_its_cohort_finish(runs):
    results = runs[1].results
    quarantine = pd.read_csv(results / "aggregate" / "quarantine.csv")
    assert quarantine[["basin", "stage"]].values.tolist() == [["quebec_nowhere", "ingest_basin"]]
    assert set(pd.read_csv(results / "aggregate" / "metrics.csv")["basin"]) == {"quebec_au_saumon", "quebec_baskatong"}
    outcomes = [json.loads(path.read_text()) for path in (results / "cohorts").glob("*.json")]
    assert {"quebec_nowhere": "quarantined before training", "quebec_au_saumon": "trained"} in outcomes


def test_cohorts_alone_ask_for_a_gpu_and_every_job_for_what_its_rule_says(runs):
    jobs = runs[2].jobs.values()
    assert {job["state"] for job in jobs} == {"COMPLETED"}
    asking = [job["rule"] for job in jobs if "gpu" in job["gpus"]]
    assert sorted(asking) == ["rule_train_cohort_wildcards_0", "rule_train_cohort_wildcards_1"]
    (job,) = (job for job in jobs if job["rule"] == "rule_simulate_nexus_wildcards_quebec_baskatong")
    assert (job["cpus"], job["memory"], job["limit"]) == ("1", "3000M", "30:00")
