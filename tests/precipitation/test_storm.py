"""The largest storm of a grid, its fields and its outline."""

import dask.array
import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
import xarray as xr

from hydronexus import archive
from hydronexus.config import PrecipitationGrid, Workers
from hydronexus.precipitation.grids import Grid
from hydronexus.precipitation.run import describe_grid
from hydronexus.precipitation.storm import around, largest_storm, shown_steps, streamflow_at
from hydronexus.precipitation.weights import cells_of


def grid_of(values, y, x, crs):
    times = pd.date_range("2020-01-01", periods=len(values), freq="h")
    rain = xr.DataArray(dask.array.from_array(values), {"time": times, "y": y, "x": x}, ("time", "y", "x"))
    return Grid(rain, pyproj.CRS(crs), 1 / 24)


def cells_in(grid, polygon, crs=None):
    found, failed = cells_of(grid, gpd.GeoDataFrame({"basin": ["a"]}, geometry=[polygon], crs=crs or grid.crs))
    assert not failed
    return found["a"]


@pytest.mark.parametrize(
    ("rain", "shown"),
    [
        ([1, 2, 1], [0, 1, 2]),
        ([1] * 5 + [2] + [1] * 5, [1, 3, 5, 7, 9]),
        ([0] * 20 + [1, 1, 1, 9, 1, 1, 1] + [0] * 20, [21, 22, 23, 24, 25, 26]),
        ([9] + [1] * 30, [0, 5, 10, 15, 20, 25]),
        ([1] * 30 + [9], [5, 10, 15, 20, 25, 30]),
    ],
)
def test_steps_are_even_and_hold_the_peak(rain, shown):
    assert shown_steps(np.array(rain, float)).tolist() == shown


@pytest.mark.parametrize("seed", range(20))
def test_of_a_long_storm_six_steps_are_shown(seed):
    rain = np.random.default_rng(seed).gamma(0.3, 5, 80)
    shown = shown_steps(rain)
    assert len(shown) == 6
    assert rain.argmax() in shown
    assert len(set(np.diff(shown))) == 1
    assert 0 <= shown[0] < shown[-1] < 80


@pytest.mark.parametrize("flip", [False, True])
def test_a_projected_basin_lies_in_a_square_in_kilometres(flip):
    axis = 500 + 1000.0 * np.arange(20)
    values = np.arange(400.0).reshape(1, 20, 20)
    y = axis[::-1] if flip else axis
    grid = grid_of(values[:, ::-1] if flip else values, y, axis, 3035)
    fields, outline = around(grid, cells_in(grid, shapely.box(5000, 8000, 9000, 10400)), grid.precipitation.time.values)
    assert outline.equals(shapely.box(5, 8, 9, 10))  # the row of cells covered by four tenths is left out
    assert fields.x.attrs["units"] == fields.y.attrs["units"] == "km"
    np.testing.assert_allclose([fields.x.min(), fields.x.max()], [3.5, 10.5])
    np.testing.assert_allclose([fields.y.min(), fields.y.max()], [5.5, 13.5])
    np.testing.assert_allclose(fields.sel(x=6.5, y=9.5)[0], values[0, 9, 6])


def test_the_square_ends_where_the_grid_does():
    axis = 500 + 1000.0 * np.arange(4)
    grid = grid_of(np.ones((1, 4, 4)), axis, axis, 3035)
    fields, _ = around(grid, cells_in(grid, shapely.box(0, 0, 4000, 4000)), grid.precipitation.time.values)
    assert fields.shape == (1, 4, 4)


def test_a_basin_across_the_seam_of_a_global_grid_is_whole():
    longitude, latitude = np.arange(0, 360, 1.0), np.arange(-60, 61, 1.0)
    grid = grid_of(np.broadcast_to(longitude, (1, 121, 360)).copy(), latitude, longitude, 4326)
    cells = cells_in(grid, shapely.box(-2.5, 50.5, 2.5, 53.5))
    fields, outline = around(grid, cells, grid.precipitation.time.values)
    assert outline.bounds == pytest.approx((-2.5, 50.5, 2.5, 53.5))
    assert outline.geom_type == "Polygon"
    assert fields.x.attrs["units"] == "degrees_east"
    assert (np.diff(fields.x) == 1).all()
    np.testing.assert_array_equal(fields[0, 0] % 360, fields.x % 360)


def test_the_outline_of_cells_of_odd_size_is_one_polygon():
    longitude, latitude = 260 + 0.05 * np.arange(200), 40 - 0.05 * np.arange(200)
    grid = grid_of(np.ones((1, 200, 200)), latitude, longitude, 4326)
    _, outline = around(grid, cells_in(grid, shapely.Point(-96, 36).buffer(0.6)), grid.precipitation.time.values)
    assert outline.geom_type == "Polygon"
    assert len(outline.interiors) == 0
    assert outline.area == pytest.approx(np.pi * 0.36, rel=0.05)


def test_western_longitudes_are_negative():
    longitude, latitude = 260 + 0.5 * np.arange(40), 40 - 0.5 * np.arange(30)
    grid = grid_of(np.ones((1, 30, 40)), latitude, longitude, 4326)
    fields, outline = around(grid, cells_in(grid, shapely.box(-92.25, 30.25, -90.25, 32.25)), grid.precipitation.time)
    assert outline.bounds == pytest.approx((-92.25, 30.25, -90.25, 32.25))
    assert fields.x.min() < -92.25
    assert fields.x.max() > -90.25


@pytest.fixture
def described(tmp_path):
    """Hourly rain on 6 x 6 cells: a storm of the left half, and a deeper one over all, with a dry day between."""
    axis = 500 + 1000.0 * np.arange(6)
    rain = np.zeros((96, 6, 6), "f4")
    rain[5:10, :, :3] = 2
    rain[40:60] = 3
    rain[50] = 9
    times = pd.date_range("2020-01-01", periods=96, freq="h")
    array = xr.DataArray(rain, {"time": times, "y": axis, "x": axis}, ("time", "y", "x"), attrs={"units": "mm/h"})
    array.to_dataset(name="pr").to_netcdf(tmp_path / "rain.nc")
    shapes = [shapely.box(0, 0, 3000, 6000), shapely.box(0, 0, 6000, 6000)]
    frame = gpd.GeoDataFrame({"gauge": ["left", "whole"]}, geometry=shapes, crs=3035)
    frame.to_file(tmp_path / "basins.gpkg")
    settings = PrecipitationGrid(
        path=str(tmp_path / "rain.nc"), crs="EPSG:3035", polygons=tmp_path / "basins.gpkg", id_column="gauge"
    )
    _, storms, _ = describe_grid("grid", settings, Workers(), None, "", tmp_path, 1)
    storms.to_csv(tmp_path / "storms.csv", index=False)
    return settings, tmp_path


def test_the_deepest_storm_comes_with_what_was_before_and_after(described):
    settings, folder = described
    found = largest_storm("grid", settings, None, pd.read_csv(folder / "storms.csv"), folder)
    assert found.event["depth"] == pytest.approx(19 * 3 + 9)
    assert str(found.event["start"]) == "2020-01-02 16:00:00"
    times = found.statistics.indexes["time"]
    assert (times[0], times[-1]) == (pd.Timestamp("2020-01-02T10:00"), pd.Timestamp("2020-01-04T11:00"))
    assert pd.Timestamp("2020-01-03T02:00") in found.fields.indexes["time"]
    assert float(found.fields.max()) == 9
    assert found.fields.shape == (6, 6, 6)


def test_streamflow_of_a_modelled_basin_is_that_of_its_forcing(described):
    settings, folder = described
    time = {"time": pd.date_range("2020-01-01", periods=3)}
    flow = xr.DataArray([1.0, 2, 3], time, "time", attrs={"units": "mm"})
    archive.write(xr.Dataset({"streamflow": flow}, attrs={"time_step_days": 1.0}), folder / "a.zarr.zip")
    archive.write(xr.Dataset(attrs={"quarantine": "{}"}), folder / "b.zarr.zip")
    forcing = {name: folder / f"{name}.zarr.zip" for name in "ab"}
    found = streamflow_at("a", "grid", settings, forcing)
    np.testing.assert_array_equal(found, flow)
    assert found.attrs == {"units": "mm", "time_step_days": 1.0}
    assert streamflow_at("b", "grid", settings, forcing) is None
    assert streamflow_at("c", "grid", settings, forcing) is None
