"""Flow distance and basins from flow directions, on rivers small enough to follow by hand."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import rasterio
import shapely
import xarray as xr

from hydronexus.errors import BasinError, GridError
from hydronexus.precipitation.cells import Cells
from hydronexus.precipitation.flow import FlowDirections, Outlet, basins_above, open_flow_directions
from hydronexus.precipitation.grids import Grid
from hydronexus.precipitation.weights import cells_of

EAST, NORTH = 4_321_000.0, 3_210_000.0  # the middle of the projection, where its scale is 1
CANCE = sorted((Path(__file__).resolve().parents[2] / "cache").glob("hydro_smash-1.3.0-*.whl"))

# A river that runs east along the middle row and out at its end; the other rows join it diagonally.
E, NE, SE, NONE = 1, 128, 2, 0
DIRECTIONS = np.array([[SE, SE, SE, SE], [E, E, E, NONE], [NE, NE, NE, NE]])
DIAGONAL = np.sqrt(2)
DISTANCE = np.array(
    [[2 + DIAGONAL, 1 + DIAGONAL, DIAGONAL, np.nan], [3, 2, 1, 0], [2 + DIAGONAL, 1 + DIAGONAL, DIAGONAL, np.nan]]
)


def raster(path: Path, codes: np.ndarray, size: float = 1000.0, crs: str | None = "EPSG:3035") -> Path:
    transform = rasterio.Affine(size, 0, EAST, 0, -size, NORTH)
    options = {"driver": "GTiff", "count": 1, "dtype": "uint8", "crs": crs, "nodata": 255, "transform": transform}
    with rasterio.open(path, "w", height=codes.shape[0], width=codes.shape[1], **options) as file:
        file.write(codes.astype("u1"), 1)
    return path


def grid_of(rows: int, columns: int, size: float = 1000.0) -> Grid:
    y, x = NORTH - size * (np.arange(rows) + 0.5), EAST + size * (np.arange(columns) + 0.5)
    rain = xr.DataArray(np.zeros((2, rows, columns), "f4"), {"time": [0, 1], "y": y, "x": x}, ("time", "y", "x"))
    return Grid(rain.chunk(), pyproj.CRS(3035), 1.0)


def cells(grid: Grid, directions: FlowDirections, polygon: shapely.Geometry | None = None) -> Cells:
    polygon = shapely.box(*grid.lattice.bounds) if polygon is None else polygon
    frame = gpd.GeoDataFrame({"basin": ["a"]}, geometry=[polygon], crs=3035)
    found, failed = cells_of(grid, frame, directions)
    if failed:
        raise failed["a"]
    return found["a"]


def test_distance_along_the_river_by_hand(tmp_path: Path):
    found = cells(grid_of(3, 4), open_flow_directions(raster(tmp_path / "d8.tif", DIRECTIONS)))
    distance = found.distance.reshape(3, 4)
    drained = np.isfinite(DISTANCE)
    np.testing.assert_allclose(distance[drained], DISTANCE[drained], rtol=1e-4)
    # The north-eastern and south-eastern corners drain elsewhere, and take the distance of a neighbour.
    assert distance[0, 3] in (distance[0, 2], distance[1, 3])


CODES = {
    "clockwise": {E: 3, NE: 2, SE: 4, NONE: 0},
    "counterclockwise": {E: 1, NE: 2, SE: 8, NONE: 0},
    "ldd": {E: 6, NE: 9, SE: 3, NONE: 5},
}


@pytest.mark.parametrize("convention", CODES)
def test_every_convention_says_the_same(tmp_path: Path, convention: str):
    codes = np.vectorize(CODES[convention].get)(DIRECTIONS)
    expected = open_flow_directions(raster(tmp_path / "d8.tif", DIRECTIONS)).read()
    np.testing.assert_array_equal(
        open_flow_directions(raster(tmp_path / "other.tif", codes), convention).read(), expected
    )


def test_a_finer_raster_gives_the_mean_over_each_cell(tmp_path: Path):
    """Every place runs east: distances 0, 1, 2, 3 km from the end, in cells of two places, in one row."""
    codes = np.array([[E, E, E, NONE]])
    found = cells(
        grid_of(1, 2, 2000.0),
        open_flow_directions(raster(tmp_path / "d8.tif", codes)),
        shapely.box(EAST, NORTH - 1000, EAST + 4000, NORTH),
    )
    np.testing.assert_allclose(found.distance, [2.5, 0.5], rtol=1e-4)


def test_a_coarser_raster_gives_each_cell_its_place(tmp_path: Path):
    directions = open_flow_directions(raster(tmp_path / "d8.tif", np.array([[E, E, NONE]])))
    expected = np.repeat([2.0, 1.0, 0.0], 4)
    found = cells(grid_of(4, 12, 250.0), directions)
    np.testing.assert_allclose(found.distance.reshape(4, 12), np.tile(expected, (4, 1)), rtol=1e-4)
    # A polygon too narrow to hold the middle of a place.
    found = cells(grid_of(1, 12, 250.0), directions)
    np.testing.assert_allclose(found.distance, expected, rtol=1e-4)


def test_a_larger_river_along_the_edge_is_not_the_outlet(tmp_path: Path):
    """The last column is a river running south, of which the polygon holds the upper place only."""
    north, south = 64, 4
    directions = open_flow_directions(raster(tmp_path / "d8.tif", np.array([[E, E, south], [north, south, south]])))
    corner = shapely.box(EAST, NORTH - 2000, EAST + 1000, NORTH)
    found = cells(grid_of(2, 3), directions, corner | shapely.box(EAST, NORTH - 1000, EAST + 3000, NORTH))
    np.testing.assert_allclose(found.distance, [2, 1, 0, 3], rtol=1e-4)


def test_the_raster_may_have_another_reference_system(tmp_path: Path):
    """A river along a meridian on latitude and longitude, under a projected grid."""
    transform = rasterio.Affine(0.01, 0, 9.995, 0, -0.01, 52.0)
    path = tmp_path / "lonlat.tif"
    options = {"driver": "GTiff", "count": 1, "dtype": "uint8", "crs": "EPSG:4326", "transform": transform}
    with rasterio.open(path, "w", height=20, width=1, **options) as file:
        file.write(np.full((20, 1), 4, "u1"), 1)
    x, north = pyproj.Proj(3035)(10.0, 52.0)
    y = north - 1000 * np.arange(0.5, 21)
    rain = xr.DataArray(
        np.zeros((2, 21, 2), "f4"), {"time": [0, 1], "y": y, "x": x + np.array([-500.0, 500.0])}, ("time", "y", "x")
    )
    grid = Grid(rain.chunk(), pyproj.CRS(3035), 1.0)
    frame = gpd.GeoDataFrame({"basin": ["a"]}, geometry=[shapely.box(9.996, 51.81, 10.004, 51.99)], crs=4326)
    found, failed = cells_of(grid, frame, open_flow_directions(path))
    assert not failed
    southward = found["a"].y - found["a"].y.min()
    np.testing.assert_allclose(found["a"].distance, southward, atol=1.2)  # km, one place is 1.11 km long
    assert found["a"].distance.max() == pytest.approx(17 * 1.1125, rel=0.01)


def test_directions_that_do_not_drain_the_basin_are_told_by_its_id(tmp_path: Path):
    apart = open_flow_directions(raster(tmp_path / "d8.tif", np.full((4, 4), NONE)))
    with pytest.raises(BasinError, match=r"basin a: only 6% of its polygon drains to one outlet .*d8\.tif.*'d8'"):
        cells(grid_of(4, 4), apart)
    with pytest.raises(BasinError, match=r"basin a: the flow directions in .*d8\.tif do not cover it"):
        cells(grid_of(4, 20), apart, shapely.box(EAST + 9e3, NORTH - 1e3, EAST + 1e4, NORTH))
    with pytest.raises(BasinError, match=r"basin a: .*holds no flow direction"):
        cells(grid_of(4, 4), open_flow_directions(raster(tmp_path / "none.tif", np.full((4, 4), 255))))


def test_a_raster_nobody_can_place_find_or_read_is_an_error(tmp_path: Path):
    with pytest.raises(GridError, match=r"no\.tif: no raster"):
        open_flow_directions(tmp_path / "no.tif")
    with pytest.raises(GridError, match="no coordinate reference system"):
        open_flow_directions(raster(tmp_path / "d8.tif", DIRECTIONS, crs=None))
    with pytest.raises(GridError, match=r"no convention 'esri' .*take d8, clockwise"):
        open_flow_directions(tmp_path / "d8.tif", "esri")


def test_other_directions_are_other_weights(tmp_path: Path):
    cache = tmp_path / "cache"
    frame = gpd.GeoDataFrame({"basin": ["a"]}, geometry=[shapely.box(*grid_of(3, 4).lattice.bounds)], crs=3035)
    for number, codes in enumerate([DIRECTIONS, np.where(DIRECTIONS == SE, 4, DIRECTIONS)], start=1):
        directions = open_flow_directions(raster(tmp_path / f"{number}.tif", codes))
        first, _ = cells_of(grid_of(3, 4), frame, directions, cache=cache)
        again, _ = cells_of(grid_of(3, 4), frame, directions, cache=cache)
        np.testing.assert_array_equal(first["a"].distance, again["a"].distance)
        assert len(list(cache.iterdir())) == number


def middle(row: int, column: int) -> tuple[float, float]:
    return EAST + 1000 * (column + 0.5), NORTH - 1000 * (row + 0.5)


def test_basins_above_outlets_nested_or_not(tmp_path: Path):
    directions = open_flow_directions(raster(tmp_path / "d8.tif", DIRECTIONS))
    outlets = {"whole": Outlet(*middle(1, 3)), "part": Outlet(*middle(1, 1)), "away": Outlet(0, 0)}
    frame, failed = basins_above(directions, outlets, reach=0)
    areas = frame.set_index("basin").area / 1e6
    assert areas.to_dict() == {"whole": 10.0, "part": 4.0}
    assert frame.geometry[0].contains(frame.geometry[1])
    assert "outside" in str(failed["away"])


def test_an_outlet_moves_to_the_nearest_place_of_the_given_area(tmp_path: Path):
    directions = open_flow_directions(raster(tmp_path / "d8.tif", DIRECTIONS))
    beside = middle(0, 2)  # where one place drains; the river beside it drains 4, 7 and 10 of them
    outlets = {
        "four": Outlet(*beside, 4.0),
        "seven": Outlet(*beside, 7.2),
        "largest": Outlet(*beside),
        "none": Outlet(*beside, 50),
    }
    frame, failed = basins_above(directions, outlets)
    assert (frame.set_index("basin").area / 1e6).to_dict() == {"four": 4.0, "seven": 7.0, "largest": 10.0}
    assert "the closest drains 10.0 km2" in str(failed["none"])


@pytest.mark.skipif(not CANCE, reason="the archive of hydro-smash 1.3.0 is not in cache/")
def test_real_basins_above_real_gauges():
    directions = open_flow_directions(f"{CANCE[0]}!smash/factory/dataset/France_flwdir.tif", "clockwise")
    gauges = {
        "V3524010": (840261, 6457807, 381.7),
        "V3515010": (826553, 6467115, 107),
        "V3517010": (828269, 6469198, 25.3),
    }
    frame, failed = basins_above(directions, {basin: Outlet(*gauge) for basin, gauge in gauges.items()})
    assert not failed
    assert (frame.set_index("basin").area / 1e6).to_dict() == {"V3524010": 383.0, "V3515010": 108.0, "V3517010": 28.0}
