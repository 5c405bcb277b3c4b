"""A copy of the workflow in a folder of its own, and Snakemake run on it as a user would."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PERIODS = {
    "validation": ["2001-01-01", "2001-12-31"],
    "test": ["2002-01-01", "2002-12-31"],
    "train": ["2003-01-01", "2004-12-31"],
}
SMALL = {
    "periods": PERIODS,
    "model": {"hidden_size": 4, "law_size": 3, "iterations": 2},
    "training": {
        "seeds": 1,
        "steps": 6,
        "encoder_steps": 4,
        "evaluate_every": 3,
        "checkpoint_every": 2,
        "device": "cpu",
    },
    "response": {"pulses": 30, "lag": 30, "intensity_bins": 2, "wetness_bins": 2, "bootstrap": 10},
    "baselines": ["lstm", "gr4j"],
}


class Workflow:
    """A working folder with the workflow's files and a configuration."""

    def __init__(self, folder: Path):
        self.folder = folder
        for name in ("Snakefile", "workflow", "profiles", "slurm", "envs", "config"):
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, folder / name)

    def configure(self, basins: dict[str, list[str]] | None = None, **changes) -> None:
        """Write the configuration of a small study; `basins` by dataset name, CSV files in data/."""
        datasets = {
            name: {
                "format": "csv",
                "path": "data",
                "basins": ids,
                "attributes": "data/attributes.txt",
                "variables": {name: name for name in ("precipitation", "temperature", "streamflow")},
                "units": {"precipitation": "mm/day", "temperature": "degC", "streamflow": "mm/day"},
            }
            for name, ids in (basins or {"mine": ["a", "b"]}).items()
        }
        study = {"study": "small", "datasets": datasets} | SMALL | changes
        (self.folder / "study.yaml").write_text(yaml.safe_dump(study))

    def snakemake(self, *options: str, check: bool = True, **popen) -> subprocess.CompletedProcess:
        """Run Snakemake on the configuration."""
        done = subprocess.run(
            self.command(*options), cwd=self.folder, capture_output=True, text=True, env=environment(), **popen
        )
        if check and done.returncode:
            raise AssertionError(f"snakemake failed\n{done.stdout[-4000:]}\n{done.stderr[-8000:]}")
        return done

    def command(self, *options: str) -> list[str]:
        return [sys.executable, "-m", "snakemake", "--configfile", "study.yaml", "--cores", "2", *options]

    def planned(self, *options: str) -> tuple[dict[str, int], set[str]]:
        """What a dry run would start: the number of jobs of every rule, and the basins that jobs name."""
        done = self.snakemake("-n", *options)
        text = done.stdout + done.stderr
        table = re.search(r"^-+ +-+\n(.*?)^total", text, re.MULTILINE | re.DOTALL)
        counts = dict(row.split() for row in table[1].splitlines()) if table else {}
        named = re.findall(r"^Job \d+: .*\b(mine_\w+)", text, re.MULTILINE)
        return {rule: int(count) for rule, count in counts.items()}, set(named)

    @property
    def results(self) -> Path:
        return self.folder / "results" / "small"

    def write_basin(self, name: str, seed: int = 0) -> None:
        """Five years of made-up weather through two reservoirs, as a CSV."""
        rng = np.random.default_rng(seed)
        time = pd.date_range("2000-01-01", "2004-12-31")
        rain = np.where(rng.random(len(time)) < 0.4, rng.exponential(8, len(time)), 0.0)
        temperature = 8 + 10 * np.sin(np.arange(len(time)) * 2 * np.pi / 365.25) + rng.standard_normal(len(time))
        flow, store = np.zeros(len(time)), 20.0
        for t, p in enumerate(rain):
            flow[t] = 0.05 * store + 0.1 * p
            store += 0.5 * p - 0.05 * store
        (self.folder / "data").mkdir(exist_ok=True)
        table = pd.DataFrame({"date": time, "precipitation": rain, "temperature": temperature, "streamflow": flow})
        table.to_csv(self.folder / "data" / f"{name}.csv", index=False)

    def write_attributes(self, names: str) -> None:
        rows = "".join(f"{name},100,47\n" for name in names)
        (self.folder / "data" / "attributes.txt").write_text("basin,area_km2,latitude\n" + rows)


def environment() -> dict[str, str]:
    return os.environ | {"OMP_NUM_THREADS": "1"}


@pytest.fixture
def workflow(tmp_path) -> Workflow:
    """The workflow with three small basins, of which a and b are configured."""
    flow = Workflow(tmp_path)
    for seed, name in enumerate("abc"):
        flow.write_basin(name, seed)
    flow.write_attributes("abc")
    flow.configure()
    return flow


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Workflow:
    """The same, run to its end once per module; tests may only add to it."""
    flow = Workflow(tmp_path_factory.mktemp("finished"))
    for seed, name in enumerate("abc"):
        flow.write_basin(name, seed)
    flow.write_attributes("abc")
    flow.configure()
    flow.snakemake()
    return flow
