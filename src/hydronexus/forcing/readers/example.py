"""Three real catchments in the archive of the package holmes-hydro, which is never installed."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import lazy_loader

from hydronexus.config import Dataset
from hydronexus.errors import SourceMissingError
from hydronexus.forcing.readers.files import dated, reading, select, to_dataset

pd = lazy_loader.load("pandas")

if TYPE_CHECKING:
    import xarray as xr

ARCHIVE = Path("cache/holmes_hydro-3.5.0-py3-none-any.whl")
# Name in the archive; latitude and median elevation as its CemaNeigeInfo files say, which Leaf River has
# not. Areas are not given.
CATCHMENTS = {
    "au_saumon": ("Au Saumon", 45.482, 474.0),
    "baskatong": ("Baskatong", 47.20985, 408.0),
    "leaf_river": ("Leaf", None, None),
}
COLUMNS = {
    "precipitation": ("P", "mm/day"),
    "potential_evapotranspiration": ("E0", "mm/day"),
    "streamflow": ("Qo", "mm/day"),
    "temperature": ("T", "degC"),
}
OPTIONAL = ("temperature",)


def list_basins(dataset: Dataset) -> list[str]:
    """The three ids."""
    return list(CATCHMENTS)


def sources(dataset: Dataset, basin_id: str) -> list[Path]:
    """Nothing to watch: the archive is pinned by its checksum, and the first run itself fetches it."""
    return []


def read(dataset: Dataset, basin_id: str, basin: str) -> xr.Dataset:
    """Read one catchment; Leaf River has no temperature and no snow."""
    name, latitude, elevation = CATCHMENTS[basin_id]
    if not ARCHIVE.is_file():
        raise SourceMissingError(
            basin,
            f"the archive of the example catchments is not at {ARCHIVE}; the workflow's rule fetch_example gets it",
        )
    with (
        reading(ARCHIVE, basin, "an archive", "delete it and run again"),
        zipfile.ZipFile(ARCHIVE) as package,
        package.open(f"holmes/data/{name}_Observations.csv") as file,
    ):
        table = pd.read_csv(file)
    table = dated(table, basin, ARCHIVE)
    wanted = {key: column for key, (column, _) in COLUMNS.items() if key not in OPTIONAL or column in table}
    attrs = {
        "latitude": latitude,
        "elevation_m": elevation,
        "source": f"{name}, distributed with holmes-hydro 3.5.0 (Lefebvre-Brossard, Universite Laval)",
        "licence": "MIT",
    }
    units = {key: unit for key, (_, unit) in COLUMNS.items()}
    return to_dataset(select(table, wanted, basin, ARCHIVE), units, ARCHIVE, attrs)
