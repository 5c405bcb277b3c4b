"""The sweep over a grid against each statistic worked out at once."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import dask.array
import numpy as np
import pandas as pd
import pyproj
import pytest
import xarray as xr
from dask.distributed import Client, LocalCluster

from hydronexus.config import Workers
from hydronexus.errors import GridError
from hydronexus.precipitation import driver
from hydronexus.precipitation.cells import Cells
from hydronexus.precipitation.cluster import client_of
from hydronexus.precipitation.driver import Sweep, batches, blocks, regions
from hydronexus.precipitation.grids import Grid
from hydronexus.precipitation.statistics import chosen

STEPS, ROWS, COLUMNS = 60, 14, 18
THRESHOLD = 0.5
FULL = chosen("full", distance=True)


def basin(name: str, rows: slice, columns: slice) -> Cells:
    """A rectangle of cells of 1 km, with an outlet in its corner and weights of any size."""
    row, column = (index.ravel() for index in np.mgrid[rows, columns])
    weight = np.random.default_rng(len(name)).uniform(0.2, 1, row.size)
    return Cells(
        basin=name,
        index=row * COLUMNS + column,
        weight=weight / weight.sum(),
        row=row,
        column=column,
        x=column.astype(float),
        y=-row.astype(float),
        distance=np.hypot(row - row.min(), column - column.min()) + 0.5,
        cell_size=1.0,
        area=float(row.size),
        inside=1.0,
    )


# One within a chunk, one over many, one inside another, one of a single cell.
BASINS = [
    basin("a", slice(0, 4), slice(0, 5)),
    basin("wide", slice(1, 12), slice(2, 16)),
    basin("nested", slice(5, 9), slice(6, 11)),
    basin("one", slice(13, 14), slice(17, 18)),
]


# Here, because workers in this process find what a module holds, and get copies of what a function holds.
READ: list[tuple[int, ...]] = []
LEFT = {"failures": 0}


def noted(block: np.ndarray, block_info=None) -> np.ndarray:
    if block_info:
        READ.append(tuple(block_info[0]["chunk-location"]))
    return block


def shaky(block: np.ndarray) -> np.ndarray:
    if LEFT["failures"]:
        LEFT["failures"] -= 1
        raise OSError("the server hung up")
    return block


@pytest.fixture(scope="module")
def rain() -> np.ndarray:
    """Fields that move east, with dry steps and a missing tile."""
    rng = np.random.default_rng(1)
    long = rng.gamma(0.7, 4.0, (ROWS, COLUMNS + STEPS)).astype(np.float32)
    values = np.stack([long[:, STEPS - t : STEPS - t + COLUMNS] for t in range(STEPS)])
    values[values < 1] = 0
    values[20:24] = 0
    values[31, :7, :9] = np.nan
    return values


def grid_of(array: dask.array.Array) -> Grid:
    times = pd.date_range("2020-01-01", periods=STEPS, freq="h")
    coordinates = {"time": times, "y": -np.arange(ROWS) * 1000.0, "x": np.arange(COLUMNS) * 1000.0}
    field = xr.DataArray(array, coordinates, ("time", "y", "x"))
    return Grid(field, pyproj.CRS(3035), 1 / 24, "test")


def at_once(rain: np.ndarray) -> xr.Dataset:
    """Every statistic of every basin, straight from its function."""
    flat = rain.reshape(STEPS, -1)
    found = {}
    for own in BASINS:
        values = [np.atleast_2d(f.function(flat[:, own.index].astype(float), own, THRESHOLD)) for f in FULL]
        found[own.basin] = np.concatenate(values)
    names = [output.name for family in FULL for output in family.outputs]
    array = xr.DataArray(
        np.stack(list(found.values())), {"basin": list(found), "statistic": names}, ("basin", "statistic", "time")
    )
    return array.to_dataset("statistic")


def check(found: xr.Dataset, rain: np.ndarray) -> None:
    expected = at_once(rain)
    assert set(found.data_vars) == set(expected.data_vars)
    for name in expected:
        own = found[name].sel(basin=expected["basin"]).transpose("basin", "time")
        np.testing.assert_allclose(own.values, expected[name].values, rtol=2e-5, atol=1e-5, err_msg=str(name))


@pytest.fixture(scope="module")
def client():
    with (
        LocalCluster(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        yield client


@pytest.mark.parametrize("chunks", [(60, 14, 18), (7, 5, 4), (25, 14, 3)])
def test_no_chunking_changes_a_number(client, rain, chunks, tmp_path, monkeypatch):
    monkeypatch.setattr(driver, "BLOCK_STEPS", 14)
    grid = grid_of(dask.array.from_array(rain, chunks))
    check(Sweep(grid, BASINS, FULL, THRESHOLD, tmp_path).run(client), rain)


def test_the_cheap_set_alone_reads_every_chunk_once(client, rain, tmp_path, monkeypatch):
    monkeypatch.setattr(driver, "BLOCK_STEPS", 20)
    READ.clear()
    array = dask.array.from_array(rain, (20, 7, 6)).map_blocks(noted, dtype=rain.dtype, meta=rain[:0])
    Sweep(grid_of(array), BASINS[:1], chosen("cheap", distance=False), THRESHOLD, tmp_path).run(client)
    assert sorted(READ) == [(0, 0, 0), (1, 0, 0), (2, 0, 0)]  # the basin's chunk, and no other


def test_a_cut_run_goes_on_with_the_missing_blocks(client, rain, tmp_path, monkeypatch):
    monkeypatch.setattr(driver, "BLOCK_STEPS", 10)
    grid = grid_of(dask.array.from_array(rain, (10, 14, 18)))
    whole = Sweep(grid, BASINS, FULL, THRESHOLD, tmp_path).run(client)
    files = sorted(tmp_path.glob("*/*.zarr.zip"))
    assert len(files) == 6
    kept = {file: file.stat().st_mtime_ns for file in files[::2]}
    for file in files[1::2]:
        file.unlink()
    again = Sweep(grid, BASINS, FULL, THRESHOLD, tmp_path)
    xr.testing.assert_identical(again.run(client), whole)
    assert {file: file.stat().st_mtime_ns for file in kept} == kept
    again.clear()
    assert not list(tmp_path.iterdir())


def test_other_settings_or_data_keep_to_themselves(rain, tmp_path):
    grid = grid_of(dask.array.from_array(rain, (10, 14, 18)))
    folders = {
        Sweep(grid, BASINS, FULL, THRESHOLD, tmp_path).folder,
        Sweep(grid, BASINS, FULL, 0.1, tmp_path).folder,
        Sweep(grid, BASINS[1:], FULL, THRESHOLD, tmp_path).folder,
        Sweep(grid, BASINS, FULL[:1], THRESHOLD, tmp_path).folder,
        Sweep(grid, BASINS, FULL, THRESHOLD, tmp_path, "newer files").folder,
    }
    assert len(folders) == 5


def test_a_read_that_fails_is_tried_again_and_then_told(client, rain, tmp_path):
    LEFT["failures"] = 2
    array = dask.array.from_array(rain, (60, 14, 18)).map_blocks(shaky, dtype=rain.dtype, meta=rain[:0])
    check(Sweep(grid_of(array), BASINS, FULL, THRESHOLD, tmp_path).run(client), rain)
    LEFT["failures"] = 1000
    with pytest.raises(GridError, match=r"cannot be read .*hung up"):
        Sweep(grid_of(array), BASINS, FULL, 0.1, tmp_path).run(client)


@pytest.mark.slow
@pytest.mark.parametrize("deaths", [1, 2])
def test_killed_workers_change_no_number(rain, tmp_path, monkeypatch, deaths):
    monkeypatch.setattr(driver, "BLOCK_STEPS", 2)

    def slow(block: np.ndarray) -> np.ndarray:
        time.sleep(0.05)
        return block

    array = dask.array.from_array(rain, (2, 14, 18)).map_blocks(slow, dtype=rain.dtype, meta=rain[:0])
    with ThreadPoolExecutor(1) as aside, client_of(Workers(), threads=2) as client:
        found = aside.submit(Sweep(grid_of(array), BASINS, FULL, THRESHOLD, tmp_path).run, client)
        while not list(tmp_path.glob("*/*.zarr.zip")) and not found.done():
            time.sleep(0.01)
        for process in list(client.run(os.getpid).values())[:deaths]:
            os.kill(process, signal.SIGKILL)
        check(found.result(timeout=60), rain)


def test_cells_of_a_basin_are_split_over_chunks_without_loss():
    sizes = ((5, 5, 4), (4, 4, 4, 4, 2))
    for own in BASINS:
        there = [region for region in regions(sizes, BASINS) if own.basin in region.cells]
        places = np.concatenate([region.cells[own.basin][1] for region in there])
        assert sorted(places) == list(range(own.index.size))


def test_blocks_cover_all_steps_in_whole_chunks(monkeypatch):
    monkeypatch.setattr(driver, "BLOCK_STEPS", 100)
    assert blocks([744, 672, 744], 10) == [(0, 744), (744, 1416), (1416, 2160)]
    assert blocks([1] * 250, 10) == [(0, 100), (100, 200), (200, 250)]
    assert blocks([30, 30, 30, 30, 30], 10) == [(0, 120), (120, 150)]
    monkeypatch.setattr(driver, "BLOCK_BYTES", 4 * 10 * 50)
    assert blocks([30, 30, 30], 10) == [(0, 30), (30, 60), (60, 90)]


def test_batches_hold_every_basin_once(monkeypatch):
    monkeypatch.setattr(driver, "BATCH_BYTES", 8 * 100 * 20)
    found = batches(BASINS, 100)
    assert [own.basin for batch in found for own in batch] == ["a", "wide", "nested", "one"]
    assert len(found) > 1
