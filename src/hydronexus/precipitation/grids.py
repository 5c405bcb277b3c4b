"""Precipitation grids of any common format, opened lazily: mm per time step, missing values as NaN."""

from __future__ import annotations

import glob
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import cf_xarray  # noqa: F401, which adds the accessor `cf`
import numba
import numpy as np
import pint
import pyproj
import xarray as xr

from hydronexus.errors import GridError
from hydronexus.forcing import units as conversion
from hydronexus.precipitation import stacks, times
from hydronexus.precipitation.lattice import Lattice

GRIB = (".grib", ".grib2", ".grb", ".grb2")
AXES = {"time": ("T", "time"), "y": ("Y", "latitude"), "x": ("X", "longitude")}
RAIN = ("precipitation", "rainfall")
PACKING = 0.01  # mm below zero that a packed zero may come out as
BEYOND = 1e4  # mm per step, which no rain reaches


@dataclass(frozen=True)
class Grid:
    """A precipitation grid.

    Parameters
    ----------
    precipitation : xarray.DataArray
        Shape (time, y, x), float32, on Dask [mm per time step]; NaN where missing. Axes run as in the source.
    crs : pyproj.CRS
        Of the y and x coordinates.
    step : float
        Time step [d].
    source : str
        Where it came from, for messages.
    """

    precipitation: xr.DataArray
    crs: pyproj.CRS
    step: float
    source: str = "grid"

    @cached_property
    def lattice(self) -> Lattice:
        """Where the cells are."""
        y, x = (self.precipitation[name].to_numpy().astype(float) for name in ("y", "x"))
        return Lattice(y, x, self.crs, self.source)

    @property
    def cell_area(self) -> xr.DataArray:
        """Area of every cell [km2], shape (y, x)."""
        area = self.lattice.cell_area(*np.indices(self.lattice.shape))
        return xr.DataArray(area, self.precipitation[0].drop_vars("time").coords, ("y", "x"), attrs={"units": "km2"})


def open_grid(
    path: str | Path | Sequence[str | Path],
    variable: str | None = None,
    *,
    units: str | None = None,
    scale: float = 1.0,
    crs: Any = None,
    chunks: Any = "auto",
    storage_options: dict[str, Any] | None = None,
) -> Grid:
    """Open a precipitation grid lazily.

    Parameters
    ----------
    path : str, Path, or sequence of them
        NetCDF or GRIB files (one, a list, or a pattern with ``*``), a Zarr store (a directory, or a URL such as
        ``s3://`` or ``https://``; a list of stores that follow one another in time), or GeoTIFF files whose names carry
        the time (a folder, a ZIP archive, or ``archive!folder`` for a folder inside one).
    variable : str, optional
        By default the only one with time and two horizontal dimensions, or the only one of those that is called
        precipitation or rainfall.
    units : str, optional
        Units of the values, where the file says none or a wrong one. Depth, or mass per area, is per time step.
    scale : float
        Factor on values before their units hold: 0.1 with ``mm`` for tenths of a millimetre.
    crs : optional
        Coordinate reference system in any form pyproj takes, where the file says none or a wrong one.
    chunks : optional
        As for :func:`xarray.open_dataset`.
    storage_options : dict, optional
        For a URL, what fsspec takes, such as ``{"anon": True}``.

    Returns
    -------
    Grid

    Raises
    ------
    GridError
        If the grid cannot be read, or its variable, axes, time, units or reference system are absent or unfit; says
        which argument cures it.

    Notes
    -----
    Values below zero or above 10 m per step are missing, for they are fill values that the file does not declare; what
    packing left within 0.01 mm below zero is zero. Longitudes stay as in the source, -180 to 180 or 0 to 360.
    """
    source = _name(path)
    if isinstance(path, (str, Path)) and _is_stack(str(path)):
        array, found = stacks.open_stack(path)
    else:
        chosen = _choose(_open(path, source, chunks, storage_options), variable, source)
        array, found = _upright(chosen, source), _grid_mapping(chosen)
    system = _reference_system(crs, found, array, source)
    array, step = times.even(_in_units_of(system, array), source)
    factor = scale * _to_depth(units or array.attrs.get("units"), step, source)
    grid = Grid(_depth(array, factor, step), system, step, source)
    _ = grid.lattice  # raises where the axes are unfit
    return grid


def _name(path: str | Path | Sequence[str | Path]) -> str:
    if isinstance(path, (str, Path)):
        return str(path)
    return f"{path[0]} and {len(path) - 1} more" if path else "an empty list of files"


def _is_stack(path: str) -> bool:
    if "!" in path:
        return True
    suffix, local = Path(path).suffix.lower(), Path(path)
    if local.is_dir():
        return suffix != ".zarr" and not any((local / name).exists() for name in ("zarr.json", ".zgroup", ".zmetadata"))
    return suffix in (".zip", ".whl")


def _open(path: Any, source: str, chunks: Any, storage_options: dict[str, Any] | None) -> xr.Dataset:
    """Dataset of any format but stacks; what a server or a library says is wrong becomes a GridError."""
    options: dict[str, Any] = {"chunks": chunks, "decode_coords": "all", "decode_timedelta": False}
    try:
        if isinstance(path, (str, Path)) and "://" in str(path):
            from hydronexus.precipitation import remote  # here, because its libraries are slow to import

            return xr.open_zarr(remote.store(str(path), storage_options), **options)
        if isinstance(path, (str, Path)) and Path(path).is_dir():
            return xr.open_zarr(path, **options)
        if not isinstance(path, (str, Path)) and any("://" in str(one) or Path(one).is_dir() for one in path):
            parts = [_open(one, str(one), chunks, storage_options) for one in path]
            return xr.concat(parts, "time", data_vars="minimal", coords="minimal", compat="override", join="exact")
        files = sorted(glob.glob(str(path))) if isinstance(path, (str, Path)) else [str(file) for file in path]
        if not files:
            raise GridError(f"{source}: no such file")
        if files[0].lower().endswith(GRIB):
            if importlib.util.find_spec("cfgrib") is None:
                raise GridError(f"{source}: GRIB needs cfgrib; install it with `pip install 'hydronexus[grib]'`")
            options |= {"engine": "cfgrib", "indexpath": ""}  # its index files are pickles
        if len(files) == 1:
            return xr.open_dataset(files[0], **options)
        return xr.open_mfdataset(
            files,
            combine="by_coords",
            data_vars="minimal",
            coords="minimal",
            compat="override",
            join="exact",
            **options,
        )
    except (GridError, MemoryError):
        raise
    except (FileNotFoundError, KeyError) as error:  # Zarr's own "nothing here" is a FileNotFoundError too
        raise GridError(f"{source}: no grid there ({error}); check the path") from None
    except Exception as error:  # the libraries of the formats raise nearly anything on damage
        raise GridError(
            f"{source}: cannot be opened as one grid: {error}. "
            f"Files of a list must follow one another in time, on the same axes"
        ) from None


def _choose(dataset: xr.Dataset, variable: str | None, source: str) -> xr.DataArray:
    arrays = {str(name): array for name, array in dataset.data_vars.items()}
    if variable is not None:
        if variable not in arrays:
            raise GridError(f"{source}: no variable '{variable}'; there are: {', '.join(arrays)}")
        return arrays[variable]
    fields = {name: array for name, array in arrays.items() if array.ndim >= 3}
    rain = [
        name
        for name, array in fields.items()
        if any(word in str(array.attrs.get("standard_name", name)).lower() for word in RAIN)
    ]
    chosen = list(fields) if len(fields) == 1 else rain
    if len(chosen) != 1:
        raise GridError(
            f"{source}: which variable is precipitation? Set `variable` to one of: "
            f"{', '.join(fields or arrays) or 'none'}"
        )
    return fields[chosen[0]]


def _upright(array: xr.DataArray, source: str) -> xr.DataArray:
    """The array as (time, y, x); axes are known by CF attributes, else by common names."""
    if array.sizes.get("time", 1) == 1 and "valid_time" in array.coords:
        array = array.drop_vars("time", errors="ignore")  # of GRIB: the start of a run whose steps follow one another
    guessed = array.cf.guess_coord_axis()
    for axis, (letter, kind) in AXES.items():
        known = [*guessed.cf.axes.get(letter, []), *guessed.cf.coordinates.get(kind, [])]
        name = next((name for name in known if guessed[name].ndim == 1), None)
        if name is None:
            raise GridError(
                f"{source}: {array.name} has no one-dimensional {axis} coordinate; found the dimensions "
                f"{', '.join(map(str, array.dims))} with coordinates {', '.join(map(str, array.coords)) or 'none'}. "
                f"Add CF attributes (axis, standard_name), or regrid a curvilinear grid to an even one"
            )
        guessed = guessed.swap_dims({guessed[name].dims[0]: name})
        others = [other for other in guessed.coords if other == axis != name]
        guessed = guessed.drop_vars(others).rename({name: axis} if name != axis else {})
    extra = [dim for dim in guessed.dims if dim not in AXES]
    if any(guessed.sizes[dim] > 1 for dim in extra):
        raise GridError(
            f"{source}: {array.name} has the dimensions {', '.join(map(str, extra))} beside time, y and x; "
            f"choose one place along them and save that"
        )
    kept = guessed.squeeze(extra, drop=True).transpose(*AXES)
    return kept.drop_vars([name for name in kept.coords if name not in AXES])


def _grid_mapping(array: xr.DataArray) -> pyproj.CRS | None:
    """Reference system that the file gives by CF, if any."""
    named = array.encoding.get("grid_mapping") or array.attrs.get("grid_mapping") or "spatial_ref"
    if named not in array.coords:
        return None
    try:
        return pyproj.CRS.from_cf(array[named].attrs)
    except (pyproj.exceptions.CRSError, KeyError):
        return None


def _reference_system(given: Any, found: pyproj.CRS | None, array: xr.DataArray, source: str) -> pyproj.CRS:
    """What was given, else what the file says, else WGS 84 for degrees east and north."""
    if given is not None:
        try:
            return pyproj.CRS.from_user_input(given)
        except pyproj.exceptions.CRSError as error:
            raise GridError(f"{source}: `crs` is no reference system: {error}") from None
    if found is not None:
        return found
    if str(array.x.attrs.get("units", "")).lower().startswith("degree"):
        return pyproj.CRS(4326)
    raise GridError(
        f"{source}: no coordinate reference system in the file, and x is not in degrees; "
        f"set `crs`, for example to EPSG:3035"
    )


def _in_units_of(system: pyproj.CRS, array: xr.DataArray) -> xr.DataArray:
    """The array with projected coordinates in the reference system's unit, where the file has kilometres, say."""
    if not system.is_projected:
        return array
    metres = {
        name: _metres(array[name].attrs.get("units")) / system.axis_info[0].unit_conversion_factor for name in "yx"
    }
    return array.assign_coords(
        {name: array[name] * factor for name, factor in metres.items() if np.isfinite(factor) and factor != 1}
    )


def _metres(units: str | None) -> float:
    """Metres in a unit of length; NaN for anything else."""
    try:
        return pint.Quantity(1.0, conversion.parse(units or "")).to("m").magnitude
    except (ValueError, pint.DimensionalityError):
        return np.nan


def _to_depth(units: str | None, step: float, source: str) -> float:
    """Factor from units to mm per time step."""
    if units is None:
        raise GridError(f"{source}: precipitation has no units; set `units`, for example to 'mm' (per step) or 'mm/h'")
    try:
        return float(conversion.convert(np.array(1.0), units, "mm", step))
    except ValueError as error:
        raise GridError(f"{source}: precipitation: {error}; set `units` to what the values are in") from None


def _depth(array: xr.DataArray, factor: float, step: float) -> xr.DataArray:
    values = array.data.map_blocks(_clean, factor=np.float32(factor), dtype=np.float32)
    attributes = {"units": "mm", "time_step_days": step, "long_name": "precipitation per time step"}
    return xr.DataArray(values, array.coords, array.dims, "precipitation", attributes)


def _clean(values: np.ndarray, factor: np.float32) -> np.ndarray:
    """Values times a factor; what cannot be rain becomes missing, or zero where packing explains it."""
    if factor == 1 and values.dtype == np.float32 and _possible(values.reshape(-1)):
        return values  # as they are, since a copy costs as much as half the reading
    depth = np.multiply(values, factor, dtype=np.float32)
    below, beyond = depth < 0, depth > BEYOND
    depth[below] = np.where(depth[below] < -PACKING, np.nan, 0)
    depth[beyond] = np.nan
    return depth


@numba.njit(cache=True, nogil=True)
def _possible(depth: np.ndarray) -> bool:
    fit = True
    for value in depth:
        fit &= not (value < 0 or value > BEYOND)
    return fit
