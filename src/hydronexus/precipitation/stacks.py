"""Stacks of GeoTIFF files, in a folder or an archive, whose names carry the time."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dask.array
import numpy as np
import pandas as pd
import pyproj
import rasterio
import xarray as xr

from hydronexus.errors import GridError
from hydronexus.precipitation import times

SUFFIXES = (".tif", ".tiff")
DRIVER = "GTiff"  # whatever the name says: other formats (VRT) may lead to files outside
# 20140915, 2014-09-15T0300, 2014_09_15_03, 201409150300: the first such run of digits that no further digit adjoins.
STAMP = re.compile(
    r"(?<!\d)(\d{4})([-_.]?)([01]\d)\2([0-3]\d)(?:[T_.-]?([0-2]\d)(?:[:_.-]?([0-5]\d)(?:[:_.-]?([0-5]\d))?)?)?(?!\d)"
)
STEPS_AT_ONCE = 240


def members(path: str | Path) -> list[str]:
    """GeoTIFF files of a folder and its folders, or of an archive, as names rasterio opens.

    Parameters
    ----------
    path : str or Path
        A folder, a ZIP archive of any name, or ``archive!folder`` for a folder inside one.

    Raises
    ------
    GridError
        If there is none.
    """
    archive, _, folder = str(path).partition("!")
    if Path(archive).is_dir():
        found = [str(file) for file in Path(archive).rglob("*") if file.suffix.lower() in SUFFIXES]
    elif zipfile.is_zipfile(archive):
        prefix = folder.strip("/") + "/" if folder else ""
        with _reading(archive), zipfile.ZipFile(archive) as file:
            names = [name for name in file.namelist() if name.startswith(prefix) and name.lower().endswith(SUFFIXES)]
        found = [raster_name(f"{archive}!{name}") for name in names]
    else:
        found = []
    if not found:
        raise GridError(f"{path}: no GeoTIFF file (.tif) there; give a folder, a ZIP archive, or archive.zip!folder")
    return found


def raster_name(path: str | Path) -> str:
    """Name under which GDAL opens a raster; ``archive!member`` is a file inside a ZIP archive of any name."""
    archive, inside, member = str(path).partition("!")
    return f"/vsizip/{{{Path(archive).absolute()}}}/{member}" if inside else archive


@contextmanager
def _reading(name: str) -> Iterator[None]:
    """What is wrong with a damaged file becomes an error that names it, and that travels between processes."""
    try:
        yield
    except (rasterio.errors.RasterioError, rasterio.errors.CRSError, zipfile.BadZipFile, OSError, ValueError) as error:
        raise GridError(f"{name}: cannot be read ({error}); it may be damaged: get it anew") from None


def time_of(name: str) -> pd.Timestamp:
    """Time in a file's name.

    Raises
    ------
    GridError
        If the name carries none.

    Examples
    --------
    >>> time_of("2014/rain_precipitation_201409150300_201409150400.tif")
    Timestamp('2014-09-15 03:00:00')
    """
    match = STAMP.search(Path(name).name)
    try:
        year, month, day, *clock = [int(part or 0) for part in match.group(1, 3, 4, 5, 6, 7)]
        return pd.Timestamp(year, month, day, *clock)
    except (AttributeError, ValueError):
        raise GridError(
            f"{name}: no time in the file's name; it should carry one like 20140915, 2014-09-15T0300 or 201409150300"
        ) from None


def open_stack(path: str | Path) -> tuple[xr.DataArray, pyproj.CRS]:
    """Open a stack lazily.

    Parameters
    ----------
    path : str or Path
        As for :func:`members`.

    Returns
    -------
    xarray.DataArray
        Shape (time, y, x), float32, in the files' units; the first band, scaled as the file says, with its missing
        value as NaN. A file that is absent between two others is a missing step.
    pyproj.CRS

    Raises
    ------
    GridError
        If names carry no time or one twice, or (when it is read) a file has another grid than the first one.
    """
    names = members(path)
    files = pd.Series(names, pd.DatetimeIndex([time_of(name) for name in names])).sort_index()
    time = times.on_every_step(files.index, str(path))
    with _reading(files.iloc[0]), rasterio.open(files.iloc[0], driver=DRIVER) as first:
        shape, transform, crs, units = first.shape, first.transform, first.crs, first.units[0]
    if transform.b or transform.d:
        raise GridError(f"{files.iloc[0]}: the raster is rotated; warp it to an upright one (gdalwarp)")
    if crs is None:
        raise GridError(
            f"{files.iloc[0]}: no coordinate reference system in the file; write it there (gdal_edit -a_srs)"
        )
    named = dask.array.from_array(files.reindex(time, fill_value="").to_numpy(object), chunks=STEPS_AT_ONCE)
    values = named.map_blocks(
        _read,
        shape=shape,
        transform=transform,
        dtype=np.float32,
        new_axis=(1, 2),
        chunks=(named.chunks[0], shape[:1], shape[1:]),
    )
    rows, columns = np.arange(shape[0]) + 0.5, np.arange(shape[1]) + 0.5
    coordinates = {"time": time, "y": transform.f + transform.e * rows, "x": transform.c + transform.a * columns}
    attributes = {"units": units} if units else {}
    return xr.DataArray(values, coordinates, ("time", "y", "x"), attrs=attributes), pyproj.CRS.from_user_input(crs)


def _read(names: np.ndarray, shape: tuple[int, int], transform: rasterio.Affine) -> np.ndarray:
    """Values of some files, of shape (file, y, x); NaN for an empty name."""
    values = np.full((len(names), *shape), np.nan, np.float32)
    for target, name in zip(values, names, strict=True):
        if not name:
            continue
        with _reading(name), rasterio.open(name, driver=DRIVER) as file:
            if file.shape != shape or not file.transform.almost_equals(transform):
                raise GridError(
                    f"{name}: its grid is not that of the stack's first file; warp it to that one (gdalwarp)"
                )
            band = file.read(1, masked=True, out_dtype=np.float32)
            target[:] = (band * np.float32(file.scales[0]) + np.float32(file.offsets[0])).filled(np.nan)
    return values
