"""Planning: light, clean, strict, and in time for a large sample."""

import subprocess
import sys

import pytest

from tests.workflow.conftest import ROOT, environment

LIGHT = """
import sys
from hydronexus.config import read_study
from hydronexus.forcing import catalogue
study = read_study("study.yaml")
[catalogue.fingerprint(study, basin) for basin in catalogue.basins(study)]
# A module that is merely promised (lazy_loader) has no submodules yet.
print([name for name in ("torch.nn", "xarray.core", "pandas.core") if name in sys.modules])
"""


def test_planning_imports_nothing_heavy(workflow):
    done = subprocess.run(
        [sys.executable, "-c", LIGHT], cwd=workflow.folder, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_default_study_plans_from_a_fresh_copy(workflow):
    command = [sys.executable, "-m", "snakemake", "-n", "--cores", "2"]
    done = subprocess.run(command, cwd=workflow.folder, capture_output=True, text=True, env=environment(), check=True)
    assert "fetch_example" in done.stdout
    assert "finish_study" in done.stdout


def test_the_slurm_profile_plans_from_a_fresh_copy(workflow):
    done = workflow.snakemake("-n", "--cores", "32", "--profile", "slurm")
    assert "train_nexus" in done.stdout + done.stderr


def test_lint_is_clean():
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--lint"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"model": {"closre": "scan"}}, "model.closre: unknown key; did you mean 'closure'?"),
        ({"training": {"seeds": "many"}}, "training.seeds: found 'many'"),
        ({"periods": None}, "no periods"),
        ({"study": "../escape"}, "study: found '../escape'"),
    ],
)
def test_an_invalid_configuration_stops_before_any_job(workflow, changes, expected):
    workflow.configure(**changes)
    done = workflow.snakemake(check=False)
    assert done.returncode != 0
    assert expected in done.stdout + done.stderr
    assert not (workflow.folder / "results").exists()


def test_a_missing_path_stops_before_any_job(workflow):
    (workflow.folder / "data").rename(workflow.folder / "moved")
    done = workflow.snakemake(check=False)
    assert done.returncode != 0
    assert "datasets.mine.path" in done.stdout + done.stderr


def test_a_target_of_a_basin_that_is_none_of_the_study_is_told(workflow):
    done = workflow.snakemake("-n", "results/small/evaluation/mine_z.json", check=False)
    assert done.returncode != 0
    assert "mine_z is no basin of the study 'small'" in done.stdout + done.stderr
