"""Damaged files of every format: a basin is read as it stands, or refused with a named error; nothing else happens."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from hydronexus import archive, quarantine
from hydronexus.config import load_study
from hydronexus.errors import HydronexusError
from hydronexus.forcing import catalogue
from tests.faults.datasets import BINARY, LAYOUTS, Layout
from tests.faults.jobs import NAMED, fuzzed, run_script, within
from tests.faults.mutations import Step, damage, mutate

pytestmark = pytest.mark.faults
LONGEST = 60  # s, of one case
NEVER_NEGATIVE = ("precipitation", "potential_evapotranspiration", "streamflow")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A working folder for all cases of a module, each in a folder of its own inside it."""
    path, before = tmp_path_factory.mktemp("fuzz"), Path.cwd()
    os.chdir(path)  # the example's archive lies below the working folder
    yield path
    os.chdir(before)


def outcome(layout: Layout, changed: dict[str, bytes], folder: Path) -> str | None:
    """Run the ingestion of damaged files; returns the named error, or None where there is sound forcing."""
    shutil.rmtree(folder, ignore_errors=True)
    layout.write(folder, changed)
    for name in (name for name in layout.files if layout.settings["format"] == "example"):
        Path(name).parent.mkdir(exist_ok=True)
        shutil.copy(folder / name, name)
    configuration, target = layout.study(folder), folder / "out" / "basin.zarr.zip"
    with within(LONGEST):
        study = load_study(configuration)
        try:
            catalogue.basins(study)
            catalogue.fingerprint(study, layout.name)
        except HydronexusError as error:
            return type(error).__name__
        run_script("ingest_basin", configuration, layout.name, target, folder / "log.txt")
    assert [path.name for path in target.parent.iterdir()] == [target.name]
    reason = quarantine.reason_of(target)
    if reason is None:
        sound(archive.read(target))
        return None
    assert reason["error"] in NAMED, reason["reason"]
    assert str(folder) in reason["reason"] or "cache" in reason["reason"], reason["reason"]
    return reason["error"]


def sound(forcing) -> None:
    """What every later stage relies on."""
    steps = np.diff(forcing["time"].values)
    assert len(steps) > 2
    assert (steps == steps[0]).all()
    for name, array in forcing.data_vars.items():
        values = array.values[np.isfinite(array.values)] if name == "streamflow" else array.values
        assert np.isfinite(values).all(), name
        assert name not in NEVER_NEGATIVE or (values >= 0).all(), name
        assert np.isnan(array.values[~np.isfinite(array.values)]).all(), name


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_is_read_where_nothing_is_damaged(name, folder):
    assert outcome(LAYOUTS[name](), {}, folder / "case") is None


@pytest.mark.parametrize("name", LAYOUTS)
@fuzzed
@given(data=st.data())
def test_damaged_files_are_read_or_refused_by_name(name, folder, data):
    layout = LAYOUTS[name]()
    file = data.draw(st.sampled_from(sorted(layout.files)), "file")
    steps: list[Step] = data.draw(damage(text=not file.endswith(BINARY)), "steps")
    found = outcome(layout, {file: mutate(layout.files[file], steps)}, folder / "case")
    event(found or "read")
