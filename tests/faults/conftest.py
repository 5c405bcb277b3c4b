"""A small study that nothing has disturbed, which studies under faults have to equal byte for byte."""

import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.workflow.conftest import Workflow, environment

OF_THE_RUN = {"logs", "benchmarks"}  # what a run says of itself


class Study(Workflow):
    """The small workflow with one basin."""

    def __init__(self, folder: Path):
        super().__init__(folder)
        self.write_basin("a")
        self.write_attributes("a")
        self.configure({"mine": ["a"]})

    def start(self, *options: str, **popen) -> subprocess.Popen:
        """Snakemake on the study, with its words in a file."""
        with (self.folder / "snakemake.log").open("a") as log:
            return subprocess.Popen(
                self.command(*options), cwd=self.folder, env=environment(), stdout=log, stderr=log, **popen
            )

    def files(self) -> dict[str, bytes]:
        """Content of every result by its name."""
        found = (path.relative_to(self.results) for path in self.results.rglob("*") if path.is_file())
        return {str(name): (self.results / name).read_bytes() for name in found if OF_THE_RUN.isdisjoint(name.parts)}


@dataclass(frozen=True)
class Undisturbed:
    """The finished study, its results, and how long it took."""

    study: Study
    files: dict[str, bytes]
    seconds: float

    def copy(self, folder: Path) -> Study:
        """Another study, finished as this one."""
        study = Study(folder)
        for name in ("data", "results", ".snakemake"):
            shutil.rmtree(folder / name, ignore_errors=True)
            shutil.copytree(self.study.folder / name, folder / name)
        return study


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory) -> Undisturbed:
    study = Study(tmp_path_factory.mktemp("undisturbed"))
    began = time.monotonic()
    study.snakemake()
    return Undisturbed(study, study.files(), time.monotonic() - began)


def unlike(found: dict[str, bytes], expected: dict[str, bytes]) -> list[str]:
    """Names of results that are missing, new or different."""
    return sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))
