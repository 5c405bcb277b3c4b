"""Generic netCDF: one file per basin, or one file with a basin dimension, with a map of variables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import lazy_loader

from hydronexus.config import Dataset
from hydronexus.errors import ConfigurationError, SourceUnreadableError, UnitsError, VariableMissingError
from hydronexus.forcing.readers import generic
from hydronexus.forcing.readers.files import TIME_NAMES, existing, reading, unmark

np = lazy_loader.load("numpy")
lazy_xr = lazy_loader.load("xarray")

if TYPE_CHECKING:
    import xarray as xr

BASIN_NAMES = ("basin", "basin_id", "gauge_id", "gauge", "station_id", "station", "catchment", "id")


def list_basins(dataset: Dataset) -> list[str]:
    """Ids of the files, or of the one file's basin coordinate."""
    if dataset.path.is_file():
        return _ids(dataset.path) or [dataset.path.stem]
    return generic.list_files(dataset, "nc")


def _ids(path: Path) -> list[str]:
    """Ids along the basin dimension, as text, if there is one; read by netCDF4 alone, which is light."""
    import netCDF4

    try:
        with netCDF4.Dataset(path) as file:
            name = next((name for name in BASIN_NAMES if name in file.dimensions and name in file.variables), None)
            if name is None:
                return []
            values = file.variables[name][:]
            if values.dtype.kind == "S":
                values = netCDF4.chartostring(values)
            return [str(value) for value in values]
    except (OSError, RuntimeError, ValueError) as error:
        raise ConfigurationError(f"path: {path} cannot be read as netCDF: {error}") from None


def sources(dataset: Dataset, basin_id: str) -> list[Path]:
    """The file that holds the basin, and the table of attributes."""
    return [generic.path_of(dataset, basin_id, "nc"), *([dataset.attributes] if dataset.attributes else [])]


def read(dataset: Dataset, basin_id: str, basin: str) -> xr.Dataset:
    """Read one basin; area and so on come from the file itself, or the dataset's table."""
    path = existing(generic.path_of(dataset, basin_id, "nc"), basin, "netCDF file")
    with reading(path, basin, "netCDF"), lazy_xr.open_dataset(path, decode_timedelta=False) as opened:
        dim = next((name for name in BASIN_NAMES if name in opened.dims), None)
        if dim is not None:
            ids = _ids(path)
            opened = opened.isel({dim: ids.index(basin_id) if ids else 0})
        facts = _facts(opened)
        data = opened[_names(dataset, opened, basin, path)].load()
    time = next((data[name] for name in data.dims if str(name).lower() in TIME_NAMES), None)
    if time is None or time.dtype.kind != "M":
        found = (
            f"{time.name} of type {time.dtype}" if time is not None else f"dimensions {', '.join(map(str, data.dims))}"
        )
        raise SourceUnreadableError(basin, f"{path} has no time axis of calendar dates; found {found}")
    averaged = {}
    for name, columns in generic.wanted(dataset, map(str, data.data_vars)).items():
        arrays = [data[column] for column in ([columns] if isinstance(columns, str) else columns)]
        averaged[name] = (
            arrays[0].dims,
            sum(array.values.astype(float) for array in arrays) / len(arrays),
            _units(arrays, name, basin, path),
        )
        if averaged[name][0] != (time.name,):
            raise SourceUnreadableError(
                basin,
                f"{name} in {path} has dimensions {', '.join(map(str, arrays[0].dims))}; it should have "
                f"{time.name} alone for a basin",
            )
    result = lazy_xr.Dataset(
        {name: ("time", values, units) for name, (_, values, units) in averaged.items()},
        {"time": time.values},
    )
    attrs = {
        key: value for key, value in generic.attributes(dataset, basin_id, basin, facts).items() if value is not None
    }
    return unmark(result).assign_attrs(attrs | {"files": str(path)})


def _facts(opened: xr.Dataset) -> dict[str, Any]:
    """Attributes of the file, and what it holds as one number for the basin."""
    scalars = {str(name): array.item() for name, array in opened.variables.items() if array.ndim == 0}
    return {str(name): value for name, value in opened.attrs.items()} | scalars


def _names(dataset: Dataset, opened: xr.Dataset, basin: str, path: Path) -> list[str]:
    names: dict[str, None] = {}
    for name, columns in generic.wanted(dataset, map(str, opened.data_vars)).items():
        for column in [columns] if isinstance(columns, str) else columns:
            if column not in opened:
                raise VariableMissingError(
                    basin,
                    f"{name}: no variable '{column}' in {path}; there are: {', '.join(map(str, opened.data_vars))}",
                )
            names[column] = None
    return list(names)


def _units(arrays: list[xr.DataArray], name: str, basin: str, path: Path) -> dict[str, str]:
    found = {str(array.attrs["units"]) for array in arrays if "units" in array.attrs}
    if len(found) > 1:
        raise UnitsError(
            basin, f"{name} would average variables of {path} in different units: {', '.join(sorted(found))}"
        )
    return {"units": found.pop()} if found else {}
