"""Generic netCDF: one file per basin, or one file with a basin dimension, with a map of variables."""

from pathlib import Path

import lazy_loader

from hydronexus.config import Dataset
from hydronexus.errors import SourceUnreadableError, VariableMissingError
from hydronexus.forcing.readers import generic
from hydronexus.forcing.readers.files import existing, unknown

np = lazy_loader.load("numpy")
xr = lazy_loader.load("xarray")


def list_basins(dataset: Dataset) -> list[str]:
    """Ids of the files, or of the file's basin coordinate (read with netCDF4 alone, which is light)."""
    if "{basin}" in str(generic.pattern(dataset, "nc")):
        return generic.list_files(dataset, "nc")
    import netCDF4

    with netCDF4.Dataset(dataset.path) as file:
        return [str(name) for name in file["basin"][:]]


def sources(dataset: Dataset, basin_id: str) -> list[Path]:
    """The file that holds the basin, and the table of attributes."""
    return [generic.path_of(dataset, basin_id, "nc"), *([dataset.attributes] if dataset.attributes else [])]


def read(dataset: Dataset, basin_id: str, basin: str):
    """Read one basin; attributes come from the file's attributes, scalar coordinates, or the dataset's table."""
    path = existing(generic.path_of(dataset, basin_id, "nc"), basin, "netCDF file")
    try:
        with xr.open_dataset(path) as opened:
            if "basin" in opened.dims:
                names = opened["basin"].astype(str).values
                if basin_id not in names:
                    raise unknown(basin, basin_id, names, path)
                opened = opened.isel(basin=int(np.flatnonzero(names == basin_id)[0]))
            opened = opened.load()
    except (OSError, ValueError) as error:
        raise SourceUnreadableError(basin, f"{path} cannot be read as netCDF: {error}") from None
    result = {}
    for name, columns in (dataset.variables or {str(v): str(v) for v in opened.data_vars}).items():
        columns = [columns] if isinstance(columns, str) else columns
        missing = [column for column in columns if column not in opened]
        if missing:
            raise VariableMissingError(
                basin,
                f"{name}: no variable {', '.join(map(repr, missing))} in {path}; there are: {', '.join(map(str, opened.data_vars))}",
            )
        result[name] = sum(opened[column].astype("float64") for column in columns) / len(columns)
        result[name].attrs = {"units": dataset.units.get(name, opened[columns[0]].attrs.get("units"))}
    scalars = {str(name): value.item() for name, value in opened.coords.items() if value.ndim == 0 and str(name) != "basin"}
    found = {str(k): v for k, v in opened.attrs.items()} | scalars
    data = xr.Dataset({name: ("time", array.values, array.attrs) for name, array in result.items()}, {"time": opened["time"].values})
    return data.assign_attrs(generic.attributes(dataset, basin_id, basin, found) | {"files": str(path)})
