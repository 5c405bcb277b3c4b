"""Damaged grids, polygons and rasters: statistics of what can be read, or a named error; nothing else happens."""

import shutil
import warnings

import numpy as np
import pytest
from dask.distributed import LocalCluster
from hypothesis import event, given
from hypothesis import strategies as st

from hydronexus import archive
from hydronexus.config import PrecipitationGrid, Workers
from hydronexus.errors import BasinError, HydronexusError
from hydronexus.precipitation import identity
from hydronexus.precipitation.run import describe_grid
from tests.faults.grids import PARTS, grid_of
from tests.faults.jobs import costly, within
from tests.faults.mutations import damage, mutate

pytestmark = pytest.mark.faults
LOCAL = ("path", "polygons", "flow_directions")
TEXT = (".json", ".geojson", ".prj", ".cpg")


@pytest.fixture(scope="module")
def workers():
    """One worker for all cases, which would take seconds each to start one."""
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None) as cluster:
        yield Workers(scheduler=cluster.scheduler_address)


def outcome(name, changed, folder, workers) -> str:
    """Describe a damaged grid; returns the named error, or that it was read."""
    shutil.rmtree(folder, ignore_errors=True)
    settings, files = grid_of(name)
    for path, content in (files | changed).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    settings = settings | {key: str(folder / settings[key]) for key in LOCAL if key in settings}
    grid, out = PrecipitationGrid(**settings), folder / "out"
    with within(120), warnings.catch_warnings(action="ignore"):
        try:
            identity.fingerprint(grid)
            summary, _, failed = describe_grid("g", grid, workers, None, "", out, 1)
        except HydronexusError as error:
            assert str(folder) in str(error)
            assert not list(out.glob("*.zarr.zip"))
            return type(error).__name__
    assert all(isinstance(error, BasinError) for error in failed.values())
    described = {path.name.removesuffix(".zarr.zip") for path in out.glob("*.zarr.zip")}
    assert described.isdisjoint(failed)
    assert set(summary["basin"]) <= described
    assert not list(out.rglob("*.partial"))
    for basin in described:
        found = archive.read(out / f"{basin}.zarr.zip")
        assert not np.isinf(found["mean"]).any()
        assert not (found["mean"] < 0).any()
    return "read" if described else "no basin left"


@pytest.mark.parametrize("name", PARTS)
def test_every_grid_is_described_where_nothing_is_damaged(name, tmp_path, workers):
    assert outcome(name, {}, tmp_path / "case", workers) == "read"


@pytest.mark.parametrize("name", PARTS)
@costly
@given(data=st.data())
def test_damaged_grids_are_described_or_refused_by_name(name, tmp_path_factory, workers, data):
    files = grid_of(name)[1]
    file = data.draw(st.sampled_from(sorted(files)), "file")
    steps = data.draw(damage(text=file.endswith(TEXT)), "steps")
    folder = tmp_path_factory.getbasetemp() / "grid"
    event(outcome(name, {file: mutate(files[file], steps)}, folder, workers))
