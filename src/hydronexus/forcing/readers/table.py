"""Generic CSV and Parquet: one file per basin, with a map of columns."""

from pathlib import Path

import lazy_loader

from hydronexus.config import Dataset
from hydronexus.errors import SourceUnreadableError
from hydronexus.forcing.readers import generic
from hydronexus.forcing.readers.files import dated, existing, read_csv, select, to_dataset, unknown

pd = lazy_loader.load("pandas")


def list_basins(dataset: Dataset) -> list[str]:
    """Ids of the files."""
    return generic.list_files(dataset, dataset.format)


def sources(dataset: Dataset, basin_id: str) -> list[Path]:
    """The basin's file, and the table of attributes."""
    return [generic.path_of(dataset, basin_id, dataset.format), *([dataset.attributes] if dataset.attributes else [])]


def read(dataset: Dataset, basin_id: str, basin: str):
    """Read one basin; units must be given in the configuration, since a table holds none."""
    path = generic.path_of(dataset, basin_id, dataset.format)
    if not path.exists():
        existing(path.parent, basin, f"folder of {dataset.format} files")
        raise unknown(basin, basin_id, list_basins(dataset), path.parent)
    if dataset.format == "csv":
        table = read_csv(path, basin)
    else:
        try:
            table = pd.read_parquet(path).reset_index()
        except (OSError, ValueError) as error:
            raise SourceUnreadableError(basin, f"{path} cannot be read as Parquet: {error}") from None
    table = dated(table, basin, path)
    wanted = dataset.variables or {str(column): str(column) for column in table.columns}
    attrs = generic.attributes(dataset, basin_id, basin, {})
    return to_dataset(select(table, wanted, basin, path), dict(dataset.units), attrs | {"files": str(path)})
