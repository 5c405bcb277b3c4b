"""A configured grid, from its file and polygons to results by basin."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import xarray as xr
from pydantic import ValidationError

from hydronexus import archive
from hydronexus.config import PrecipitationGrid, Workers
from hydronexus.errors import ConfigurationError
from hydronexus.precipitation.grids import open_grid
from hydronexus.precipitation.run import describe_grid
from hydronexus.precipitation.source import summed

STEPS = 72
POLYGONS = {
    "left": shapely.box(0, 0, 4000, 8000),
    "whole": shapely.box(0, 0, 8000, 8000),
    "far": shapely.box(90000, 0, 91000, 1000),
}


@pytest.fixture
def rain() -> np.ndarray:
    """8 x 8 cells of 1 km; the left half gets rain twice as often."""
    rng = np.random.default_rng(3)
    values = np.where(rng.random((STEPS, 8, 8)) < 0.3, rng.exponential(4, (STEPS, 8, 8)), 0)
    values[1::2, :, 4:] = 0
    return values.astype("f4")


@pytest.fixture
def folder(rain, tmp_path) -> Path:
    axis = 500 + 1000.0 * np.arange(8)
    times = pd.date_range("2020-01-01T01:00", periods=STEPS, freq="h")
    array = xr.DataArray(rain, {"time": times, "y": axis, "x": axis}, ("time", "y", "x"), attrs={"units": "mm/h"})
    array.to_dataset(name="pr").to_netcdf(tmp_path / "rain.nc")
    write_polygons(tmp_path, list(POLYGONS))
    return tmp_path


def write_polygons(folder: Path, names: list[str]) -> None:
    frame = gpd.GeoDataFrame({"gauge": names}, geometry=[POLYGONS[name] for name in names], crs=3035)
    frame.to_file(folder / "basins.gpkg")


def describe(folder: Path, names: dict[str, str] | None = None, **changes):
    settings = PrecipitationGrid(
        path=str(folder / "rain.nc"), crs="EPSG:3035", polygons=folder / "basins.gpkg", id_column="gauge", **changes
    )
    return describe_grid("grid", settings, Workers(), names, "first files", folder / "out", 1)


def test_every_basin_gets_its_own_and_a_bad_one_its_reason(folder, rain):
    summary, storms, failed = describe(folder)
    assert list(failed) == ["grid_far"]
    assert "outside the grid" in failed["grid_far"].problem
    left = archive.read(folder / "out" / "grid_left.zarr.zip")
    np.testing.assert_allclose(left["mean"], rain[:, :, :4].mean((1, 2)), rtol=1e-5)
    np.testing.assert_allclose(left["maximum"], rain[:, :, :4].max((1, 2)), rtol=1e-6)
    assert left["cv"].attrs["units"] == "1"
    assert (left.attrs["cells"], left.attrs["area_km2"]) == (32, pytest.approx(32, rel=0.01))
    assert "delta1" not in left  # there are no flow directions
    assert set(summary["basin"]) == {"grid_left", "grid_whole"}
    assert set(storms["grid"]) == {"grid"}
    whole = summary.query("basin == 'grid_whole' and season == 'all' and intensity == 'all'").set_index("statistic")
    mean = rain.mean((1, 2), dtype=float)
    squares = (rain.astype(float) ** 2).mean((1, 2))
    wet = (rain >= 0.1).any((1, 2))
    cv = np.sqrt(squares[wet] / mean[wet] ** 2 - 1)
    assert whole.loc["cv", "value"] == pytest.approx(np.average(cv, weights=mean[wet]), rel=1e-4)


def test_a_new_polygon_leaves_the_others_alone(folder):
    write_polygons(folder, ["left"])
    describe(folder)
    file = folder / "out" / "grid_left.zarr.zip"
    before = file.stat().st_mtime_ns
    write_polygons(folder, ["left", "whole"])
    summary, _, _ = describe(folder)
    assert set(summary["basin"]) == {"grid_left", "grid_whole"}
    assert file.stat().st_mtime_ns == before
    describe(folder, wet_threshold=1.0)
    assert file.stat().st_mtime_ns > before
    assert archive.attributes(file)["wet_threshold_mm_per_step"] == 1.0


def test_a_damaged_result_is_made_anew(folder):
    write_polygons(folder, ["left"])
    describe(folder)
    file = folder / "out" / "grid_left.zarr.zip"
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    describe(folder)
    assert file.read_bytes() == whole


def test_basins_of_a_dataset_keep_its_names_and_one_without_a_polygon_is_told(folder):
    summary, _, failed = describe(folder, {"left": "mine_left", "lost": "mine_lost"})
    assert set(summary["basin"]) == {"mine_left"}
    assert "no polygon has this id" in failed["mine_lost"].problem


def test_longer_steps_are_whole_days_from_midnight(folder, rain):
    grid = summed(open_grid(folder / "rain.nc", crs="EPSG:3035"), "1D")
    assert grid.step == 1
    times = grid.precipitation["time"].values
    assert [str(t)[:13] for t in times] == ["2020-01-02T00", "2020-01-03T00"]  # neither end has a whole day
    np.testing.assert_allclose(grid.precipitation[0], rain[23:47].sum(0), rtol=1e-5)
    with pytest.raises(ConfigurationError, match="no multiple"):
        summed(open_grid(folder / "rain.nc", crs="EPSG:3035"), "90min")


def test_days_of_hourly_statistics_are_not_those_of_daily_rain(folder, rain):
    describe(folder, average="1D")
    found = archive.read(folder / "out" / "grid_left.zarr.zip")
    assert found.attrs["time_step_days"] == 1
    assert found.sizes["time"] == 2
    np.testing.assert_allclose(found["mean"][0], rain[23:47, :, :4].mean((1, 2)).sum(), rtol=1e-5)
    describe(folder, step="1D")
    daily = archive.read(folder / "out" / "grid_left.zarr.zip")
    np.testing.assert_allclose(daily["mean"], found["mean"], rtol=1e-5)
    assert (daily["cv"].values < found["cv"].values).all()  # hours are less even than their sum


def test_a_grid_without_basins_is_no_configuration():
    with pytest.raises(ValidationError, match="polygons"):
        PrecipitationGrid(path="rain.nc")
