"""Weights of cells against areas worked out by hand."""

import hashlib
import zipfile
from dataclasses import fields, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
import xarray as xr

from hydronexus.errors import BasinError
from hydronexus.precipitation import weights
from hydronexus.precipitation.cells import Cells
from hydronexus.precipitation.grids import Grid, open_grid
from hydronexus.precipitation.lattice import EARTH_RADIUS, Lattice
from hydronexus.precipitation.weights import cells_of, cells_of_fractions, coverage

EAST, NORTH = 4_000_000.0, 3_000_000.0


def grid_of(y: np.ndarray, x: np.ndarray, crs: int = 3035) -> Grid:
    rain = xr.DataArray(np.zeros((2, y.size, x.size), "f4"), {"time": [0, 1], "y": y, "x": x}, ("time", "y", "x"))
    return Grid(rain.chunk(), pyproj.CRS(crs), 1.0)


@pytest.fixture
def kilometres() -> Grid:
    """10 x 10 cells of 1 km2 on a projection that keeps areas, rows from north to south."""
    return grid_of(NORTH + 1000 * np.arange(9.5, 0, -1), EAST + 1000 * np.arange(0.5, 10))


def box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    """In kilometres from the grid's south-western corner."""
    return shapely.box(EAST + 1e3 * west, NORTH + 1e3 * south, EAST + 1e3 * east, NORTH + 1e3 * north)


def basins(crs: int = 3035, **polygons: shapely.Geometry | None) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"basin": list(polygons)}, geometry=list(polygons.values()), crs=crs)


def only(outcome: weights.Outcome) -> Cells:
    found, failed = outcome
    assert not failed
    (cells,) = found.values()
    return cells


def test_weights_of_whole_half_and_quarter_cells(kilometres: Grid):
    cells = only(cells_of(kilometres, basins(a=box(2, 7, 3.5, 8.5))))
    assert cells.index.tolist() == [12, 13, 22, 23]
    assert (cells.row.tolist(), cells.column.tolist()) == ([1, 1, 2, 2], [2, 3, 2, 3])
    np.testing.assert_allclose(cells.weight, np.array([0.5, 0.25, 1.0, 0.5]) / 2.25, rtol=1e-6)
    assert cells.weight.sum() == pytest.approx(1, abs=1e-15)
    assert cells.area == pytest.approx(2.25, rel=1e-6)
    assert cells.cell_size == pytest.approx(1, rel=1e-6)
    assert cells.inside == 1
    assert cells.distance is None
    for field in fields(Cells):
        value = getattr(cells, field.name)
        if isinstance(value, np.ndarray):
            assert value.dtype == (np.int64 if field.name in ("index", "row", "column") else np.float64)


@pytest.mark.parametrize("turn", [(slice(None, None, -1), slice(None)), (slice(None), slice(None, None, -1))])
def test_axes_may_run_either_way(kilometres: Grid, turn: tuple[slice, slice]):
    rain = kilometres.precipitation
    turned = replace(kilometres, precipitation=rain.isel(y=turn[0], x=turn[1]))
    polygon = basins(a=box(2, 7, 3.5, 8.25))
    expected = np.zeros((10, 10))
    whole = only(cells_of(kilometres, polygon))
    expected[whole.row, whole.column] = whole.weight
    cells = only(cells_of(turned, polygon))
    assert (np.diff(cells.index) > 0).all()
    seen = np.zeros((10, 10))
    seen[cells.row, cells.column] = cells.weight
    np.testing.assert_allclose(seen, expected[turn], rtol=1e-12)


def test_places_on_the_plane_are_kilometres_eastward_and_northward(kilometres: Grid):
    cells, lattice = only(cells_of(kilometres, basins(a=box(0, 0, 10, 10)))), kilometres.lattice
    east, north = (lattice.x[cells.column] - EAST) / 1e3 - 5, (lattice.y[cells.row] - NORTH) / 1e3 - 5
    factors = pyproj.Proj(lattice.crs).get_factors(*lattice.longitude_latitude(np.array([5]), np.array([5])))
    turned = np.radians(factors.meridian_convergence)  # west of the projection's middle its north is not the true one
    assert abs(turned) > 0.05
    np.testing.assert_allclose(cells.x, east * np.cos(turned) + north * np.sin(turned), atol=0.02)
    np.testing.assert_allclose(cells.y, north * np.cos(turned) - east * np.sin(turned), atol=0.02)


def mean_of_plane(grid: Grid, polygon: shapely.Polygon) -> float:
    """Mean of 2 x - 3 y [km] over a polygon."""
    cells = only(cells_of(grid, basins(a=polygon)))
    x, y = (grid.lattice.x[cells.column] - EAST) / 1e3, (grid.lattice.y[cells.row] - NORTH) / 1e3
    return cells.weight @ (2 * x - 3 * y)


def test_the_mean_of_a_linear_field_is_its_value_at_the_centroid(kilometres: Grid):
    # Cells 1 to 4 by 1 to 3, and 3 to 4 by 3 to 9: 6 + 6 km2 with their middle at (3, 4).
    assert mean_of_plane(kilometres, shapely.union(box(1, 1, 4, 3), box(3, 3, 4, 9))) == pytest.approx(-6, rel=1e-5)
    # Where an edge cuts cells, their centres are not the middle of what is covered; with small cells it matters less.
    edge = np.linspace(0, 2 * np.pi, 50)[:-1]
    x, y = 5e3 + 4e3 * np.cos(edge), 5e3 + 3e3 * np.sin(edge) * (1 + 0.3 * np.cos(edge))
    polygon = shapely.Polygon(np.column_stack([EAST + x, NORTH + y]))
    expected = 2 * (polygon.centroid.x - EAST) / 1e3 - 3 * (polygon.centroid.y - NORTH) / 1e3
    fine = grid_of(NORTH + 20 * np.arange(0.5, 500), EAST + 20 * np.arange(0.5, 500))
    assert mean_of_plane(kilometres, polygon) == pytest.approx(expected, abs=0.05)
    assert mean_of_plane(fine, polygon) == pytest.approx(expected, abs=1e-4)


def test_a_polygon_smaller_than_a_cell_takes_that_cell(kilometres: Grid):
    cells = only(cells_of(kilometres, basins(a=box(4.2, 4.2, 4.21, 4.21))))
    assert cells.index.tolist() == [54]
    assert cells.weight.tolist() == [1.0]
    assert cells.area == pytest.approx(1e-4, rel=1e-4)


def test_nested_and_overlapping_basins_each_have_their_own_weights(kilometres: Grid):
    found, failed = cells_of(kilometres, basins(whole=box(0, 0, 6, 6), part=box(2, 2, 4, 4), across=box(3, 3, 8, 5)))
    assert not failed
    assert {name: round(cells.area, 6) for name, cells in found.items()} == {"whole": 36.0, "part": 4.0, "across": 10.0}
    assert set(found["part"].index) < set(found["whole"].index)
    for cells in found.values():
        np.testing.assert_allclose(cells.weight, 1 / cells.index.size, rtol=1e-6)


def test_bad_basins_are_told_by_id_and_stop_no_other(kilometres: Grid):
    crossed = shapely.Polygon([box(1, 1, 3, 3).exterior.coords[place] for place in (0, 2, 1, 3)])
    frame = basins(good=box(1, 1, 2, 2), none=None, crossed=crossed, away=box(20, 20, 21, 21), partly=box(-1, 0, 1, 1))
    twice = gpd.GeoDataFrame({"basin": ["twice", "twice"]}, geometry=[box(1, 1, 2, 2), box(3, 3, 4, 4)], crs=3035)
    found, failed = cells_of(kilometres, pd.concat([frame, twice], ignore_index=True))
    assert list(found) == ["good"]
    assert {name: type(error) for name, error in failed.items()} == dict.fromkeys(
        ["none", "crossed", "away", "partly", "twice"], BasinError
    )
    assert "basin away: it lies outside the grid" in str(failed["away"])
    assert "only 50% of it lies inside the grid" in str(failed["partly"])
    assert "invalid" in str(failed["crossed"])
    assert "no geometry" in str(failed["none"])
    assert "several polygons" in str(failed["twice"])


def test_a_polygon_partly_outside_is_taken_where_that_is_allowed(kilometres: Grid):
    cells = only(cells_of(kilometres, basins(a=box(-1, 0, 1, 1)), minimum_inside=0.5))
    assert cells.inside == pytest.approx(0.5, rel=1e-6)
    assert cells.area == pytest.approx(1, rel=1e-6)


def test_area_on_latitude_and_longitude_is_the_sphere_s():
    grid = grid_of(np.array([61.0, 60.0]), np.array([10.0, 11.0]), 4326)
    cells = only(cells_of(grid, basins(4326, a=shapely.box(9.5, 59.5, 10.5, 61.5))))
    rows = EARTH_RADIUS**2 * np.radians(1) * -np.diff(np.sin(np.radians([61.5, 60.5, 59.5])))
    assert cells.index.tolist() == [0, 2]
    np.testing.assert_allclose(cells.weight, rows / rows.sum(), rtol=1e-6)
    assert cells.area == pytest.approx(rows.sum(), rel=1e-6)
    assert cells.y[0] - cells.y[1] == pytest.approx(EARTH_RADIUS * np.radians(1), rel=1e-3)
    assert only(cells_of(grid, basins(4326, a=shapely.box(10.5, 59.5, 11.5, 61.5)))).area == pytest.approx(
        rows.sum(), rel=1e-6
    )


@pytest.mark.parametrize("west", [-180.0, 0.0])
@pytest.mark.parametrize("polygon", [(-3.0, 50.0, 2.0, 55.0), (-76.5, 1.0, -70.25, 9.0), (178.5, -20.0, 181.5, -15.0)])
def test_longitudes_may_be_counted_either_way_and_basins_may_cross_the_seam(west: float, polygon: tuple):
    grid = grid_of(np.arange(89.5, -90, -1), west + np.arange(0.5, 360), 4326)
    cells = only(cells_of(grid, basins(4326, a=shapely.box(*polygon))))
    span = EARTH_RADIUS**2 * np.radians(polygon[2] - polygon[0])
    expected = span * np.diff(np.sin(np.radians([polygon[1], polygon[3]])))[0]
    assert cells.area == pytest.approx(expected, rel=1e-6)
    assert cells.inside == pytest.approx(1, abs=1e-6)
    assert np.ptp(cells.x) < 800  # the two sides of the seam are neighbours on the plane
    longitude = (grid.lattice.x[cells.column] - polygon[0] + 180) % 360 - 180
    assert longitude.min() > -1
    assert longitude.max() < polygon[2] - polygon[0] + 1


def test_a_cell_on_the_antimeridian_counts_once():
    lattice = Lattice(np.array([1.0, 0.0]), np.arange(0.0, 360), pyproj.CRS(4326), "grid")
    split = shapely.MultiPolygon([shapely.box(179.75, -0.5, 180, 0.5), shapely.box(-180, -0.5, -179.5, 0.5)])
    index, share = coverage(lattice, split)
    assert index.tolist() == [360 + 180]
    np.testing.assert_allclose(share, [0.75], rtol=1e-6)


def test_polygons_are_reprojected_with_their_edges_bent():
    """A parallel is no straight line on a conic projection."""
    x, y = np.arange(3.0e6, 5.5e6, 5e3), np.arange(2.5e6, 3.7e6, 5e3)
    cells = only(cells_of(grid_of(y, x), basins(4326, a=shapely.box(0, 50, 20, 52))))
    expected = shapely.box(0, 50, 20, 52).segmentize(0.01)
    area, _ = pyproj.Geod(ellps="GRS80").geometry_area_perimeter(expected)
    assert cells.area == pytest.approx(abs(area) / 1e6, rel=1e-4)


def test_metres_that_are_said_to_be_degrees_are_told(kilometres: Grid):
    _, failed = cells_of(kilometres, basins(4326, a=box(4321000, 3210000, 4322000, 3211000)))
    assert "has no place in the grid's reference system" in str(failed["a"])


def test_fractions_of_cells_given_with_the_grid(kilometres: Grid):
    fraction = np.zeros((10, 10))
    fraction[3, 4:6] = [1.0, 0.25]
    fraction[9, 9] = np.nan
    bad = {"negative": fraction - 0.5, "shape": fraction[:5], "percent": 100 * fraction, "empty": 0 * fraction}
    found, failed = cells_of_fractions(kilometres, {"a": fraction} | bad)
    assert list(found) == ["a"]
    assert found["a"].index.tolist() == [34, 35]
    np.testing.assert_allclose(found["a"].weight, [0.8, 0.2], rtol=1e-6)
    assert found["a"].area == pytest.approx(1.25, rel=1e-6)
    assert set(failed) == set(bad)
    assert "(5, 10)" in str(failed["shape"])


def assert_same(one: weights.Outcome, other: weights.Outcome) -> None:
    assert list(one[0]) == list(other[0])
    for basin, cells in one[0].items():
        for field in fields(Cells):
            np.testing.assert_array_equal(getattr(cells, field.name), getattr(other[0][basin], field.name))
    assert {basin: str(error) for basin, error in one[1].items()} == {
        basin: str(error) for basin, error in other[1].items()
    }


def test_a_second_call_reads_what_the_first_stored(kilometres: Grid, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    frame = basins(a=box(0, 0, 3.3, 3), b=box(2, 2, 4, 4.1), away=box(20, 20, 21, 21))
    first = cells_of(kilometres, frame, cache=tmp_path)
    (stored,) = tmp_path.iterdir()
    before = hashlib.sha256(stored.read_bytes()).hexdigest()
    monkeypatch.setattr(weights, "coverage", None)  # computing again would fail
    assert_same(first, cells_of(kilometres, frame, cache=tmp_path))
    assert [hashlib.sha256(path.read_bytes()).hexdigest() for path in tmp_path.iterdir()] == [before]


def test_another_grid_or_polygon_or_setting_is_computed_anew(kilometres: Grid, tmp_path: Path):
    frame = basins(a=box(0, 0, 3, 3))
    shifted = grid_of(kilometres.lattice.y + 1, kilometres.lattice.x)
    calls = [
        (kilometres, frame, 0.9),
        (kilometres, frame, 0.8),
        (kilometres, basins(b=box(0, 0, 3, 3)), 0.9),
        (kilometres, basins(a=box(0, 0, 3, 2.999)), 0.9),
        (shifted, frame, 0.9),
    ]
    for number, (grid, polygons, inside) in enumerate(calls, start=1):
        cells_of(grid, polygons, minimum_inside=inside, cache=tmp_path)
        assert len(list(tmp_path.iterdir())) == number


def test_what_is_stored_holds_no_pickle_and_may_be_all_errors(kilometres: Grid, tmp_path: Path):
    frame = basins(away=box(20, 20, 21, 21))
    outcome = cells_of(kilometres, frame, cache=tmp_path)
    assert_same(outcome, cells_of(kilometres, frame, cache=tmp_path))
    cells_of(kilometres, basins(a=box(0, 0, 3, 3)), cache=tmp_path)
    for path in tmp_path.iterdir():
        with zipfile.ZipFile(path) as file:
            metadata = b"".join(file.read(name) for name in file.namelist() if name.endswith("zarr.json"))
        assert b"pickle" not in metadata
        assert b"object" not in metadata


def test_fractions_of_a_real_basin_give_its_published_area(shared: Path):
    path = shared / "moselle_gridded_1989_1993.nc"
    grid = open_grid(path, "precip", units="mm", crs="EPSG:3035")
    with xr.open_dataset(path) as file:
        cells = only(cells_of_fractions(grid, {"moselle": file.frac}))
        assert cells.area == pytest.approx(file.attrs["area_km2"], rel=0.01)
        mean = grid.precipitation.values.reshape(1826, -1)[:, cells.index] @ cells.weight
        expected = file.precip.weighted(file.frac).mean(("y", "x")).values
    np.testing.assert_allclose(mean, expected, rtol=1e-5, atol=1e-6)


def test_a_polygon_over_a_real_grid(shared: Path):
    grid = open_grid(shared / "fraser_precipitation_0p1deg_1986_2018.nc")
    whole = only(cells_of(grid, basins(4326, a=shapely.box(-124.5, 52.6, -121.4, 54.0))))
    assert whole.index.size == 14 * 31
    area = EARTH_RADIUS**2 * np.radians(3.1) * np.diff(np.sin(np.radians([52.6, 54.0])))[0]
    assert whole.area == pytest.approx(area, rel=1e-6)
