"""Heterogeneity of rain by Dask workers that are Slurm jobs: the same statistics, though all of them die on the way."""

import subprocess
import time
from pathlib import Path

import pandas as pd
import pytest

from hydronexus.precipitation import example
from tests.slurm.conftest import LOCAL, ROOT, SLURM, Clone, queue
from tests.slurm.test_study import STUDY

pytestmark = pytest.mark.slurm
GRID = {"path": "data/rain_*.nc", "crs": "EPSG:2154", "polygons": "data/basins.gpkg", "statistics": "full"}
WORKERS = {"slurm": {"jobs": 2, "cores": 1, "memory": "2GB", "walltime": "00:20:00"}}
SUMMARY = "results/slurm/precipitation/radar/summary.csv"
REPEATS = 20  # of the radar's autumn, one after the other
PATIENCE = 240  # seconds


def test_statistics_are_those_of_this_machine_though_all_workers_die(slurm, tmp_path_factory, monkeypatch):
    study = STUDY | {"precipitation_grids": {"radar": GRID}}
    here, there = (Clone(tmp_path_factory.mktemp(name), study) for name in ("here", "there"))
    there.configure(study | {"workers": WORKERS})
    monkeypatch.chdir(ROOT)
    write_radar(here.folder / "data")
    (there.folder / "data").symlink_to(here.folder / "data")
    assert here.run(*LOCAL, SUMMARY) == 0

    submitted = there.start(*SLURM, SUMMARY)
    deadline = time.monotonic() + PATIENCE
    while not list(there.results.glob("precipitation/sweeps/*/*.zip")):
        assert submitted.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
    workers = [job for job, name in queue("JobID", "Name", states="running") if name == "dask-worker"]
    subprocess.run(["scancel", *workers], check=True)
    assert submitted.wait(PATIENCE) == 0
    assert len(workers) == 2
    assert "submitting another job" in (there.results / "logs" / "describe_precipitation" / "radar.log").read_text()
    assert here.files() == there.files()


def write_radar(folder: Path) -> None:
    """The radar of the default study, one file after the other in time, and its basins."""
    folder.mkdir()
    autumn = example.grid().precipitation.load().rename("rain").assign_attrs(units="mm")
    times = pd.date_range(autumn["time"].values[0], periods=REPEATS * len(autumn), freq="h")
    for repeat in range(REPEATS):
        part = autumn.assign_coords(time=times[repeat * len(autumn) :][: len(autumn)])
        part.to_netcdf(folder / f"rain_{repeat:02d}.nc")
    example.basins()[0].to_file(folder / "basins.gpkg")
