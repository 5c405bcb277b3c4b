"""Three real catchments that come with the package holmes-hydro, read from its unpacked archive."""

import io
import zipfile
from pathlib import Path

import lazy_loader

from hydronexus.config import Dataset
from hydronexus.errors import SourceUnreadableError
from hydronexus.forcing.fetch import EXAMPLE
from hydronexus.forcing.readers.files import dated, existing, select, to_dataset, unknown

pd = lazy_loader.load("pandas")

CATCHMENTS = {
    "au_saumon": ("Au Saumon", 45.482, 474.0),
    "baskatong": ("Baskatong", 47.20985, 408.0),
    "leaf_river": ("Leaf", 31.7, None),
}
COLUMNS = {
    "precipitation": ("P", "mm/day"),
    "potential_evapotranspiration": ("E0", "mm/day"),
    "streamflow": ("Qo", "mm/day"),
    "temperature": ("T", "degC"),
}


def list_basins(dataset: Dataset) -> list[str]:
    """The three ids."""
    return list(CATCHMENTS)


def sources(dataset: Dataset, basin_id: str) -> list[Path]:
    """Nothing to fingerprint: the archive is pinned by its checksum."""
    return []


def read(dataset: Dataset, basin_id: str, basin: str):
    """Read one catchment; Leaf River has no temperature and no snow."""
    if basin_id not in CATCHMENTS:
        raise unknown(basin, basin_id, CATCHMENTS, Path(EXAMPLE.file))
    name, latitude, elevation = CATCHMENTS[basin_id]
    archive = existing(Path("cache") / EXAMPLE.file, basin, "archive of the example catchments")
    try:
        with zipfile.ZipFile(archive) as package:
            text = package.read(f"holmes/data/{name}_Observations.csv").decode()
    except (zipfile.BadZipFile, KeyError) as error:
        raise SourceUnreadableError(basin, f"{archive} is damaged ({error}); delete it and run again") from None
    table = dated(pd.read_csv(io.StringIO(text)), basin, archive)
    wanted = {key: column for key, (column, _) in COLUMNS.items() if column in table or key != "temperature"}
    attrs = {
        "latitude": latitude,
        "elevation_m": elevation,
        "source": f"{name}, distributed with holmes-hydro 3.5.0",
        "licence": "MIT",
        "files": str(archive),
    }
    return to_dataset(select(table, wanted, basin, archive), {key: unit for key, (_, unit) in COLUMNS.items()}, attrs)
