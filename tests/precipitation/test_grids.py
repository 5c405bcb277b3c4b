"""Opening grids of every format: axes, time, units, reference systems and missing values."""

import importlib.util
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyproj
import pytest
import rasterio
import xarray as xr

from hydronexus.errors import GridError
from hydronexus.precipitation.grids import open_grid
from hydronexus.precipitation.lattice import EARTH_RADIUS
from hydronexus.precipitation.stacks import time_of

CANCE = sorted((Path(__file__).resolve().parents[2] / "cache").glob("hydro_smash-1.3.0-*.whl"))


def field(units: str | None = "mm", steps: int = 4, freq: str = "D", **dims: np.ndarray) -> xr.Dataset:
    """A small grid whose values are 0, 1, 2 and so on."""
    lat, lon = dims.get("lat", np.array([50.0, 49.5, 49.0])), dims.get("lon", np.array([6.0, 6.5]))
    time = pd.date_range("2001-02-27", periods=steps, freq=freq)
    values = np.arange(steps * lat.size * lon.size, dtype="f4").reshape(steps, lat.size, lon.size)
    attrs = {} if units is None else {"units": units}
    dataset = xr.Dataset({"pr": (("time", "lat", "lon"), values, attrs)}, {"time": time, "lat": lat, "lon": lon})
    dataset.lat.attrs["units"], dataset.lon.attrs["units"] = "degrees_north", "degrees_east"
    return dataset


def opened(dataset: xr.Dataset, folder: Path, **options):
    path = folder / "rain.nc"
    path.unlink(missing_ok=True)  # an open file cannot be written over
    dataset.to_netcdf(path)
    return open_grid(path, **options)


def test_a_grid_is_lazy_single_precision_and_says_what_it_holds(tmp_path: Path):
    grid = opened(field(), tmp_path, chunks={"time": 2})
    rain = grid.precipitation
    assert rain.dims == ("time", "y", "x")
    assert rain.dtype == np.float32
    assert rain.chunks[0] == (2, 2)
    assert rain.attrs["units"] == "mm"
    assert rain.attrs["time_step_days"] == grid.step == 1.0
    assert grid.crs == pyproj.CRS(4326)
    np.testing.assert_array_equal(rain.values, field().pr.values)


@pytest.mark.parametrize(
    ("units", "freq", "factor"),
    [
        ("mm", "3h", 1.0),
        ("mm/h", "3h", 3.0),
        ("mm h-1", "h", 1.0),
        ("mm/d", "3h", 0.125),
        ("mm day-1", "D", 1.0),
        ("kg m-2 s-1", "h", 3600.0),
        ("kg m**-2 s**-1", "D", 86400.0),
        ("kg/m^2", "h", 1.0),
        ("m", "h", 1000.0),
        ("m s-1", "h", 3.6e6),
        ("inch", "D", 25.4),
    ],
)
def test_units_become_mm_per_step(tmp_path: Path, units: str, freq: str, factor: float):
    dataset = field(units, freq=freq)
    dataset.pr.values /= factor
    np.testing.assert_allclose(opened(dataset, tmp_path).precipitation.values, field().pr.values, rtol=1e-6)


def test_given_units_and_scale_win(tmp_path: Path):
    rain = opened(field("1"), tmp_path, units="mm/h", scale=0.1).precipitation
    np.testing.assert_allclose(rain.values, field().pr.values * 2.4, rtol=1e-6)


@pytest.mark.parametrize(
    ("units", "said"), [(None, "no units; set `units`"), ("degC", "cannot become mm"), ("1", "say nothing")]
)
def test_units_that_are_absent_or_unfit_are_an_error(tmp_path: Path, units: str | None, said: str):
    with pytest.raises(GridError, match=rf"rain\.nc: .*{said}"):
        opened(field(units), tmp_path)


def test_axes_run_as_in_the_source_whatever_their_names_and_order(tmp_path: Path):
    dataset = field(lon=np.array([359.0, 359.5])).transpose("lon", "lat", "time")
    dataset = dataset.isel(lat=slice(None, None, -1)).rename(lat="Latitude", lon="Longitude").expand_dims(member=[7])
    grid = opened(dataset, tmp_path)
    assert grid.precipitation.y.values.tolist() == [49.0, 49.5, 50.0]
    assert grid.precipitation.x.values.tolist() == [359.0, 359.5]
    np.testing.assert_array_equal(grid.precipitation.values, field().pr.values[:, ::-1])
    assert grid.lattice.bounds == (358.75, 48.75, 359.75, 50.25)


def test_axes_along_unnamed_dimensions_are_found_by_their_attributes(tmp_path: Path):
    dataset = field()
    dataset = dataset.assign_coords(north=dataset.lat, east=dataset.lon).drop_vars(["lat", "lon"])
    dataset = dataset.rename_dims(lat="row", lon="col")
    assert opened(dataset, tmp_path).precipitation.y.values.tolist() == [50.0, 49.5, 49.0]


def test_a_curvilinear_grid_is_an_error(tmp_path: Path):
    lat, lon = np.meshgrid([50.0, 49.5, 49.0], [6.0, 6.5], indexing="ij")
    dataset = (
        field()
        .drop_vars(["lat", "lon"])
        .rename(lat="j", lon="i")
        .assign_coords(lat=(("j", "i"), lat), lon=(("j", "i"), lon))
    )
    with pytest.raises(GridError, match=r"no one-dimensional y coordinate.*regrid"):
        opened(dataset, tmp_path)


def test_an_uneven_axis_is_an_error(tmp_path: Path):
    with pytest.raises(GridError, match="y axis is not evenly spaced"):
        opened(field(lat=np.array([50.0, 49.5, 48.9])), tmp_path)


def test_single_precision_axes_count_as_even(tmp_path: Path):
    lat = np.arange(50, 40, -0.01).astype("f4")
    assert opened(field(lat=lat), tmp_path).lattice.spacing[0] == pytest.approx(-0.01)


def projected(units: str, scale: float) -> xr.Dataset:
    """The grid with x and y of a projection, which the file gives by CF."""
    dataset = field(lat=np.array([2.95e6, 2.94e6, 2.93e6]) / scale, lon=np.array([4.0e6, 4.01e6]) / scale)
    dataset = dataset.rename(lat="y", lon="x").assign(albers=((), 0, pyproj.CRS(3035).to_cf()))
    for name in "xy":
        dataset[name].attrs = {"units": units, "standard_name": f"projection_{name}_coordinate"}
    dataset.pr.attrs["grid_mapping"] = "albers"
    return dataset


def test_a_projection_given_by_cf_is_used(tmp_path: Path):
    grid = opened(projected("m", 1.0), tmp_path)
    assert grid.crs == pyproj.CRS(3035)
    np.testing.assert_allclose(grid.cell_area, 100.0, rtol=1e-6)  # the projection keeps areas


def test_kilometres_become_the_projection_s_metres(tmp_path: Path):
    assert opened(projected("km", 1e3), tmp_path).lattice.bounds == pytest.approx((3.995e6, 2.925e6, 4.015e6, 2.955e6))


def test_without_a_reference_system_the_error_names_the_cure(tmp_path: Path):
    dataset = projected("m", 1.0).drop_vars("albers")
    del dataset.pr.attrs["grid_mapping"]
    with pytest.raises(GridError, match="set `crs`"):
        opened(dataset, tmp_path)
    assert opened(dataset, tmp_path, crs="EPSG:3035").crs == pyproj.CRS(3035)
    with pytest.raises(GridError, match="which are no latitudes"):
        opened(dataset, tmp_path, crs=4326)


def test_fill_values_stay_missing_declared_or_not(tmp_path: Path):
    dataset = field()
    dataset.pr[0, 0] = [np.nan, -9999.0]
    dataset.pr[1, 0] = [-0.001, 9.96921e36]  # a packed zero, and what netCDF fills with
    dataset.pr.encoding = {"_FillValue": -1e30}
    rain = opened(dataset, tmp_path).precipitation.values
    assert np.isnan(rain[0, 0]).all()
    assert np.isnan(rain[1, 0, 1])
    assert np.isnan(rain).sum() == 3
    assert rain[1, 0, 0] == 0


def test_packed_values_are_unpacked(tmp_path: Path):
    dataset = field()
    dataset.pr[0, 0, 0] = np.nan
    dataset.pr.encoding = {"dtype": "i2", "scale_factor": 0.1, "add_offset": 5.0, "_FillValue": -32767}
    rain = opened(dataset, tmp_path).precipitation
    assert rain.dtype == np.float32
    np.testing.assert_allclose(rain.values, dataset.pr.values, atol=1e-5)


@pytest.mark.parametrize(
    ("order", "said"), [([0, 1, 1, 2], "repeated"), ([0, 2, 1, 3], "unsorted"), ([0, 1, 2, 4], "irregular")]
)
def test_time_that_is_not_even_is_an_error(tmp_path: Path, order: list[int], said: str):
    with pytest.raises(GridError, match=rf"time is {said}: 2001-0.*2001-0"):
        opened(field(steps=5).isel(time=order), tmp_path)


def test_months_are_not_even(tmp_path: Path):
    with pytest.raises(GridError, match="steps of calendar months are not even"):
        opened(field(steps=6, freq="MS"), tmp_path)


def test_one_time_step_is_too_few(tmp_path: Path):
    with pytest.raises(GridError, match="at least two"):
        opened(field(steps=1), tmp_path)


def test_a_calendar_without_leap_days_has_them_missing(tmp_path: Path):
    dataset = field().assign_coords(time=xr.date_range("2004-02-27", periods=4, calendar="noleap", use_cftime=True))
    rain = opened(dataset, tmp_path).precipitation
    assert rain.chunks is not None
    assert [str(day)[:10] for day in rain.time.values] == [
        f"2004-0{day}" for day in ("2-27", "2-28", "2-29", "3-01", "3-02")
    ]
    assert np.isnan(rain.values).all(axis=(1, 2)).tolist() == [False, False, True, False, False]
    np.testing.assert_array_equal(rain.values[3:], field().pr.values[2:])


def test_a_calendar_of_other_days_is_an_error(tmp_path: Path):
    dataset = field().assign_coords(time=xr.date_range("2004-02-27", periods=4, calendar="360_day", use_cftime=True))
    with pytest.raises(GridError, match="calendar '360_day'"):
        opened(dataset, tmp_path)


def test_which_variable_is_precipitation(tmp_path: Path):
    dataset = field().assign(temperature=field("K").pr, snow=field().pr)
    with pytest.raises(GridError, match="Set `variable` to one of: pr, temperature, snow"):
        opened(dataset, tmp_path)
    with pytest.raises(GridError, match="no variable 'tp'; there are: pr, temperature, snow"):
        open_grid(tmp_path / "rain.nc", "tp")
    dataset.pr.attrs["standard_name"] = "precipitation_flux"
    np.testing.assert_array_equal(opened(dataset, tmp_path).precipitation.values, field().pr.values)


def test_many_files_follow_one_another_in_time(tmp_path: Path):
    for name, part in {"b": slice(0, 2), "a": slice(2, 4)}.items():
        field().isel(time=part).to_netcdf(tmp_path / f"{name}.nc")
    for path in (str(tmp_path / "*.nc"), [tmp_path / "a.nc", tmp_path / "b.nc"]):
        np.testing.assert_array_equal(open_grid(path).precipitation.values, field().pr.values)


def test_files_that_overlap_in_time_or_differ_in_axes_are_an_error(tmp_path: Path):
    field().to_netcdf(tmp_path / "a.nc")
    field().isel(time=slice(1, 3)).to_netcdf(tmp_path / "b.nc")
    with pytest.raises(GridError, match=r"cannot be opened as one grid.*follow one another"):
        open_grid(tmp_path / "*.nc")
    field(lat=np.array([51.0, 50.5, 50.0])).to_netcdf(tmp_path / "b.nc")
    with pytest.raises(GridError, match=r"\*\.nc"):
        open_grid(tmp_path / "*.nc")


def test_a_path_with_nothing_there_is_an_error(tmp_path: Path):
    for name in ("no.nc", "no_*.nc", "no.zarr"):
        with pytest.raises(GridError, match="no such file"):
            open_grid(tmp_path / name)
    (tmp_path / "broken.nc").write_bytes(b"CDF, or not")
    with pytest.raises(GridError, match=r"broken\.nc"):
        open_grid(tmp_path / "broken.nc")
    (tmp_path / "empty.zarr").mkdir()
    with pytest.raises(GridError, match=r"empty\.zarr: no grid there"):
        open_grid(tmp_path / "empty.zarr")


@pytest.mark.parametrize("version", [2, 3])
def test_zarr_of_both_versions_with_an_absent_chunk_missing(tmp_path: Path, version: int):
    path = tmp_path / "rain.zarr"
    encoding = {"pr": {"chunks": (2, 3, 2), ("_FillValue" if version == 2 else "fill_value"): np.nan}}
    field().to_zarr(path, zarr_format=version, encoding=encoding)
    np.testing.assert_array_equal(open_grid(path).precipitation.values, field().pr.values)
    (path / ("pr/1.0.0" if version == 2 else "pr/c/1/0/0")).unlink()
    rain = open_grid(path, chunks={}).precipitation
    assert rain.chunks[0] == (2, 2)
    assert np.isnan(rain.values).any(axis=(1, 2)).tolist() == [False, False, True, True]


def test_stores_that_follow_one_another_in_time_are_one_grid(tmp_path: Path):
    whole = field()
    paths = [tmp_path / "first.zarr", tmp_path / "second.zarr"]
    for path, steps in zip(paths, (slice(0, 3), slice(3, None)), strict=True):
        whole.isel(time=steps).to_zarr(path)
    rain = open_grid(paths).precipitation
    np.testing.assert_array_equal(rain.values, whole.pr.values)
    np.testing.assert_array_equal(rain["time"].values, whole["time"].values)


def tif(path: Path, values: np.ndarray, west: float = 800000.0) -> Path:
    """A GeoTIFF of tenths of a millimetre on a 1 km lattice; -1 is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    transform = rasterio.Affine(1000, 0, west, 0, -1000, 6480000)
    profile = {
        "driver": "GTiff",
        "count": 1,
        "dtype": "int32",
        "crs": "EPSG:2154",
        "nodata": -1,
        "transform": transform,
    }
    with rasterio.open(path, "w", height=values.shape[0], width=values.shape[1], **profile) as file:
        file.write(values.astype("i4"), 1)
    return path


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    """Hours 0, 1 and 3 of a day, so that hour 2 is absent."""
    for hour in (3, 0, 1):
        values = np.array([[hour, 10, -1], [20, 30, 40]])
        tif(tmp_path / "rain" / f"{hour}" / f"rain_v2_20140915{hour:02d}00_201409160000.tif", values)
    return tmp_path / "rain"


def test_a_stack_of_geotiffs_with_an_absent_file(stack: Path):
    grid = open_grid(stack, units="mm", scale=0.1)
    assert grid.crs == pyproj.CRS(2154)
    assert grid.step == 1 / 24
    assert grid.lattice.bounds == (800000, 6478000, 803000, 6480000)
    expected = [[0.3, 1.0, np.nan], [2.0, 3.0, 4.0]]
    np.testing.assert_allclose(grid.precipitation.values[3], expected, rtol=1e-6)
    assert np.isnan(grid.precipitation.values[2]).all()
    assert str(grid.precipitation.time.values[3]) == "2014-09-15T03:00:00.000000000"


def test_a_stack_inside_an_archive_of_any_name(stack: Path, tmp_path: Path):
    archive = tmp_path / "package.whl"
    with zipfile.ZipFile(archive, "w") as file:
        for path in stack.rglob("*.tif"):
            file.write(path, Path("data/rain") / path.relative_to(stack))
        file.write(tif(tmp_path / "other_2014.tif", np.zeros((1, 1))), "data/other.tif")
    inside = open_grid(f"{archive}!data/rain", units="mm").precipitation
    xr.testing.assert_identical(inside.load(), open_grid(stack, units="mm").precipitation.load())
    with pytest.raises(GridError, match="no GeoTIFF"):
        open_grid(f"{archive}!data/snow", units="mm")


def test_a_stack_with_a_time_twice_is_an_error(stack: Path):
    tif(stack / "copy_201409150100.tif", np.zeros((2, 3)))
    with pytest.raises(GridError, match="time is repeated: 2014-09-15 01:00:00"):
        open_grid(stack, units="mm")


def test_a_stack_with_a_time_between_steps_is_an_error(stack: Path):
    tif(stack / "odd_201409150437.tif", np.zeros((2, 3)))
    with pytest.raises(GridError, match="time is irregular"):
        open_grid(stack, units="mm")


def test_a_file_on_another_lattice_is_an_error_that_names_it(stack: Path):
    tif(stack / "moved_201409150400.tif", np.zeros((2, 3)), west=801000.0)
    with pytest.raises(GridError, match=r"moved_201409150400\.tif: its grid is not that of the stack's first file"):
        open_grid(stack, units="mm").precipitation.load()


@pytest.mark.parametrize(
    ("name", "time"),
    [
        ("rain_precipitation_201409150300_201409150400.tif", "2014-09-15 03:00"),
        ("20140915_201409160000.tif", "2014-09-15"),
        ("radar-2014-09-15T03:05:10Z.tif", "2014-09-15 03:05:10"),
        ("R_2014_09_15_0315.tif", "2014-09-15 03:15"),
        ("tile12_2014091503.tif", "2014-09-15 03:00"),
    ],
)
def test_times_in_names(name: str, time: str):
    assert time_of(name) == pd.Timestamp(time)


@pytest.mark.parametrize("name", ["rain.tif", "rain_20141315.tif", "rain_123456789012345.tif"])
def test_a_name_without_a_time_is_an_error(name: str):
    with pytest.raises(GridError, match=f"{name}: no time in the file's name"):
        time_of(name)


@pytest.mark.skipif(importlib.util.find_spec("cfgrib") is not None, reason="cfgrib is installed")
def test_grib_without_its_library_names_the_extra(tmp_path: Path):
    (tmp_path / "rain.grib2").write_bytes(b"GRIB")
    with pytest.raises(GridError, match=r"pip install 'hydronexus\[grib\]'"):
        open_grid(tmp_path / "rain.grib2")


def test_grib_with_its_library(tmp_path: Path):
    eccodes = pytest.importorskip("eccodes")
    pytest.importorskip("cfgrib")
    with (tmp_path / "rain.grib2").open("wb") as file:
        for hour in range(4):
            message = eccodes.codes_grib_new_from_samples("regular_ll_sfc_grib2")
            facts = {"Ni": 2, "Nj": 3, "dataDate": 20010227, "dataTime": 100 * hour, "shortName": "tp"}
            facts |= {"latitudeOfFirstGridPointInDegrees": 50.0, "latitudeOfLastGridPointInDegrees": 49.0}
            facts |= {"longitudeOfFirstGridPointInDegrees": 6.0, "longitudeOfLastGridPointInDegrees": 6.5}
            facts |= {"iDirectionIncrementInDegrees": 0.5, "jDirectionIncrementInDegrees": 0.5}
            for key, value in facts.items():
                eccodes.codes_set(message, key, value)
            eccodes.codes_set_values(message, field().pr.values[hour].ravel() / 1e3)  # m
            eccodes.codes_write(message, file)
    grid = open_grid(tmp_path / "rain.grib2")
    assert grid.step == 1 / 24
    np.testing.assert_allclose(grid.precipitation.values, field().pr.values, rtol=1e-3)
    assert [path.name for path in tmp_path.iterdir()] == ["rain.grib2"]


def test_area_of_cells_on_the_sphere(tmp_path: Path):
    area = opened(field(), tmp_path).cell_area
    expected = EARTH_RADIUS**2 * np.radians(0.5) * (np.sin(np.radians(50.25)) - np.sin(np.radians(49.75)))
    np.testing.assert_allclose(area[0], expected, rtol=1e-12)


def test_cells_of_the_globe_add_up_to_the_sphere(tmp_path: Path):
    # Rows centred on the poles are half cells, as in reanalyses.
    grid = opened(field(lat=np.arange(90.0, -91, -5), lon=np.arange(0.0, 360, 5)), tmp_path)
    assert float(grid.cell_area.sum()) == pytest.approx(4 * np.pi * EARTH_RADIUS**2, rel=1e-12)


def test_cells_of_a_stereographic_grid_have_their_true_area(tmp_path: Path):
    """Its scale is (1 + sin 60) / (1 + sin latitude) on the sphere."""
    crs = pyproj.CRS("+proj=stere +lat_0=90 +lat_ts=60 +lon_0=-105 +R=6371200")
    x, y = pyproj.Proj(crs)(-105.0, 40.0)
    dataset = field(lat=y + np.array([4762.5, 0.0, -4762.5]), lon=x + np.array([0.0, 4762.5])).rename(lat="y", lon="x")
    for name in "xy":
        dataset[name].attrs["units"] = "m"
    grid = opened(dataset, tmp_path, crs=crs)
    scale = (1 + np.sin(np.radians(60))) / (1 + np.sin(np.radians(40)))
    assert float(grid.cell_area[1, 0]) == pytest.approx(4.7625**2 / scale**2, rel=1e-9)


def test_a_real_record_on_latitude_and_longitude(shared: Path):
    grid = open_grid(shared / "fraser_precipitation_0p1deg_1986_2018.nc")
    assert grid.crs == pyproj.CRS(4326)
    assert grid.step == 1.0
    assert grid.precipitation.shape == (11689, 14, 31)
    assert grid.lattice.bounds == pytest.approx((-124.5, 52.6, -121.4, 54.0))
    assert 1 < float(grid.precipitation.mean()) < 4


def test_a_real_record_on_a_projection(shared: Path):
    path = shared / "moselle_gridded_1989_1993.nc"
    with pytest.raises(GridError, match="Set `variable`"):
        open_grid(path)
    grid = open_grid(path, "precip", units="mm", crs="EPSG:3035")
    assert grid.lattice.shape == (9, 6)
    np.testing.assert_allclose(grid.cell_area, 576.0, rtol=1e-6)


@pytest.mark.skipif(not CANCE, reason="the archive of hydro-smash 1.3.0 is not in cache/")
def test_real_radar_from_a_package_archive():
    grid = open_grid(f"{CANCE[0]}!smash/factory/dataset/Cance/prcp", units="mm", scale=0.1)
    assert grid.precipitation.shape == (2952, 40, 40)
    assert grid.crs == pyproj.CRS(2154)
    assert grid.step == 1 / 24
    storm = grid.precipitation.sel(time=slice("2014-11-03", "2014-11-04")).load()
    assert 10 < float(storm.max()) < 100
