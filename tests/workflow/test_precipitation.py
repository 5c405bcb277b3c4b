"""A small study with gridded precipitation, as a user runs it."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import xarray as xr

from hydronexus import archive

pytestmark = pytest.mark.slow
GRID = {
    "path": "data/rain.nc",
    "crs": "EPSG:3035",
    "polygons": "data/basins.gpkg",
    "id_column": "gauge",
    "dataset": "mine",
    "wet_threshold": 0.5,
}


def test_a_grid_is_described_and_a_basin_outside_it_is_told(workflow):
    workflow.write_basin("a")
    workflow.write_attributes("a")
    axis = 500 + 1000.0 * np.arange(6)
    times = pd.date_range("2000-01-01", periods=50)
    rain = np.random.default_rng(0).gamma(0.3, 8, (50, 6, 6)).astype("f4")
    rain[::4] = 0
    array = xr.DataArray(rain, {"time": times, "y": axis, "x": axis}, ("time", "y", "x"), attrs={"units": "mm/day"})
    array.to_dataset(name="pr").to_netcdf(workflow.folder / "data" / "rain.nc")
    shapes = [shapely.box(0, 0, 3000, 6000), shapely.box(0, 0, 6000, 6000)]
    frame = gpd.GeoDataFrame({"gauge": ["a", "unknown"]}, geometry=shapes, crs=3035)
    frame.to_file(workflow.folder / "data" / "basins.gpkg")

    workflow.configure({"mine": ["a"]}, precipitation_grids={"grid": GRID})
    workflow.snakemake()
    found = archive.read(workflow.results / "precipitation" / "mine_a.zarr.zip")
    np.testing.assert_allclose(found["mean"], rain[:, :, :3].mean((1, 2)), rtol=1e-5)
    table = pd.read_csv(workflow.results / "aggregate" / "heterogeneity.csv")
    assert set(table["basin"]) == {"mine_a"}  # the polygon of no basin is left out
    assert len(pd.read_csv(workflow.results / "aggregate" / "storms.csv")) > 5
    assert workflow.planned() == ({}, set())
    figure = workflow.results / "figures" / "precipitation" / "grid.png"
    drawn = figure.stat().st_size
    html = (workflow.results / "report.html").read_text()
    assert 'src="figures/precipitation/grid.png"' in html
    assert "Heterogeneity of precipitation" in html

    # Another threshold is another description, and no training.
    workflow.configure({"mine": ["a"]}, precipitation_grids={"grid": GRID | {"wet_threshold": 1.0}})
    counts, _ = workflow.planned()
    described = {"describe_precipitation", "draw_storm"}
    read = {
        "extract_responses",
        "evaluate_basin",
        "draw_basin",
        "pack_basin",
    }  # responses are set against heterogeneity
    assert set(counts) == described | read | {
        "aggregate_study",
        "write_report",
        "write_explorer",
        "finish_study",
        "all",
    }

    # Where the polygon is gone, the basin is told and all else is there; in place of the figure stands a notice.
    frame[1:].to_file(workflow.folder / "data" / "basins.gpkg")
    done = workflow.snakemake(check=False)
    assert done.returncode == 1
    quarantine = pd.read_csv(workflow.results / "aggregate" / "quarantine.csv")
    assert quarantine[["basin", "stage"]].values.tolist() == [["mine_a", "describe_precipitation"]]
    assert "no polygon has this id" in quarantine["reason"][0]
    assert "mine_a" in (workflow.results / "report.html").read_text()
    assert figure.stat().st_size < drawn / 2
