"""Small precipitation grids with two basins, in every format, as bytes by path below a folder."""

import tempfile
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely
import xarray as xr

STEPS = 24
AXIS = 500 + 1000.0 * np.arange(6)
PAPER = rasterio.transform.from_origin(0, 6000, 1000, 1000)
POLYGONS = {"left": shapely.box(0, 0, 3000, 6000), "whole": shapely.box(100, 100, 5900, 5900)}

Files = dict[str, bytes]


def rain() -> xr.DataArray:
    """Hourly rain over 6 x 6 cells of 1 km."""
    rng = np.random.default_rng(3)
    values = np.where(rng.random((STEPS, 6, 6)) < 0.4, rng.exponential(3, (STEPS, 6, 6)), 0).astype("f4")
    times = pd.date_range("2020-01-01", periods=STEPS, freq="h")
    return xr.DataArray(
        values, {"time": times, "y": AXIS, "x": AXIS}, ("time", "y", "x"), "pr", attrs={"units": "mm/h"}
    )


def _bytes_below(folder: Path) -> Files:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def _polygons(folder: Path, name: str) -> None:
    gpd.GeoDataFrame({"gauge": list(POLYGONS)}, geometry=list(POLYGONS.values()), crs=3035).to_file(folder / name)


def _raster(path: Path, values: np.ndarray, **options: Any) -> None:
    shape = {"height": values.shape[0], "width": values.shape[1], "count": 1, "dtype": values.dtype}
    with rasterio.open(path, "w", driver="GTiff", crs=3035, transform=PAPER, **shape, **options) as file:
        file.write(values, 1)


def _netcdf(folder: Path) -> dict[str, Any]:
    rain().to_dataset().to_netcdf(folder / "rain.nc", encoding={"pr": {"zlib": True, "chunksizes": (8, 6, 6)}})
    return {"path": "rain.nc", "crs": "EPSG:3035"}


def _zarr(folder: Path) -> dict[str, Any]:
    rain().to_dataset().to_zarr(folder / "rain.zarr", consolidated=False, encoding={"pr": {"chunks": (8, 6, 6)}})
    return {"path": "rain.zarr", "crs": "EPSG:3035"}


def _geotiffs(folder: Path) -> dict[str, Any]:
    (folder / "tifs").mkdir()
    for time, values in zip(rain().indexes["time"], rain().values, strict=True):
        _raster(folder / "tifs" / f"rain_{time:%Y%m%d%H%M}.tif", values[::-1], compress="deflate")
    return {"path": "tifs", "units": "mm"}


def _archive(folder: Path) -> dict[str, Any]:
    settings = _geotiffs(folder)
    with zipfile.ZipFile(folder / "rain.zip", "w") as archive:
        for path in sorted((folder / "tifs").iterdir()):
            archive.write(path, path.name)
            path.unlink()
    return settings | {"path": "rain.zip"}


def _geopackage(folder: Path) -> dict[str, Any]:
    _polygons(folder, "basins.gpkg")
    return {"polygons": "basins.gpkg", "id_column": "gauge"}


def _shapefile(folder: Path) -> dict[str, Any]:
    _polygons(folder, "basins.shp")
    return {"polygons": "basins.shp", "id_column": "gauge"}


def _geojson(folder: Path) -> dict[str, Any]:
    _polygons(folder, "basins.geojson")
    return {"polygons": "basins.geojson", "id_column": "gauge"}


def _mask(folder: Path) -> dict[str, Any]:
    _raster(folder / "mask.tif", np.repeat([[1, 1, 1, 2, 2, 0]], 6, axis=0).astype("i4"))
    return {"polygons": "mask.tif"}


def _directions(folder: Path) -> dict[str, Any]:
    codes = np.full((6, 6), 16, "u1")  # all to the west
    codes[:, 0] = 4  # and there to the south
    codes[-1, 0] = 0
    _raster(folder / "directions.tif", codes)
    return _geojson(folder) | {"flow_directions": "directions.tif"}


def _fractions(folder: Path) -> dict[str, Any]:
    shares = xr.Dataset({"share": (("y", "x"), np.repeat([[1, 1, 0.5, 0, 0, 0]], 6, axis=0))})
    xr.merge([rain().to_dataset(), shares]).to_netcdf(folder / "rain.nc")
    return {"path": "rain.nc", "crs": "EPSG:3035", "variable": "pr", "fractions": {"left": "share"}}


PARTS: dict[str, tuple[Callable[[Path], dict[str, Any]], ...]] = {
    "netcdf_and_geopackage": (_netcdf, _geopackage),
    "zarr_and_shapefile": (_zarr, _shapefile),
    "geotiffs_and_mask": (_geotiffs, _mask),
    "archive_and_geojson": (_archive, _geojson),
    "netcdf_and_directions": (_netcdf, _directions),
    "fractions": (_fractions,),
}


@cache
def grid_of(name: str) -> tuple[dict[str, Any], Files]:
    """Settings of a grid, with paths below its folder, and its files."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {key: value for part in PARTS[name] for key, value in part(Path(folder)).items()}
        return settings, _bytes_below(Path(folder))
