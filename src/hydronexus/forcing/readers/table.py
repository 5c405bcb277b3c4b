"""Generic CSV and Parquet: one file per basin, with a map of columns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import lazy_loader

from hydronexus.config import Dataset
from hydronexus.forcing.readers import generic
from hydronexus.forcing.readers.files import dated, existing, read_csv, reading, select, to_dataset, unmark

pd = lazy_loader.load("pandas")

if TYPE_CHECKING:
    import xarray as xr


def list_basins(dataset: Dataset) -> list[str]:
    """Ids of the files."""
    return generic.list_files(dataset, dataset.format)


def sources(dataset: Dataset, basin_id: str) -> list[Path]:
    """The basin's file, and the table of attributes."""
    return [
        generic.path_of(dataset, basin_id, dataset.format),
        *([dataset.attributes] if dataset.attributes else []),
    ]


def read(dataset: Dataset, basin_id: str, basin: str) -> xr.Dataset:
    """Read one basin; units must be given in the configuration, since a table holds none."""
    path = existing(generic.path_of(dataset, basin_id, dataset.format), basin, f"{dataset.format} file")
    if dataset.format == "csv":
        table = read_csv(path, basin)
    else:
        with reading(path, basin, "Parquet"):
            table = pd.read_parquet(path)
        if isinstance(table.index, pd.DatetimeIndex):
            table = table.rename_axis("date").reset_index()
    table = dated(table, basin, path)
    chosen = select(table, generic.wanted(dataset, map(str, table.columns)), basin, path)
    return unmark(to_dataset(chosen, dataset.units, path, generic.attributes(dataset, basin_id, basin, {})))
