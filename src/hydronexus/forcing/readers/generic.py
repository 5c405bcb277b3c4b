"""What the generic formats share: where a basin's file is, and attributes from a table."""

from pathlib import Path

from hydronexus.config import Dataset
from hydronexus.forcing.readers.files import existing, read_csv, unknown

ATTRIBUTES = {
    "area_km2": ("area_km2", "area"),
    "latitude": ("latitude", "lat", "gauge_lat"),
    "longitude": ("longitude", "lon", "gauge_lon"),
    "elevation_m": ("elevation_m", "elev_m", "elev_mean", "elevation"),
}


def pattern(dataset: Dataset, extension: str) -> Path:
    """Path with `{basin}` in it, or of one file for all basins."""
    if "{basin}" in str(dataset.path) or dataset.path.suffix:
        return dataset.path
    return dataset.path / f"{{basin}}.{extension}"


def path_of(dataset: Dataset, basin_id: str, extension: str) -> Path:
    """File that holds a basin."""
    return Path(str(pattern(dataset, extension)).replace("{basin}", basin_id))


def list_files(dataset: Dataset, extension: str) -> list[str]:
    """Ids of all files that fit the pattern."""
    prefix, _, suffix = pattern(dataset, extension).name.partition("{basin}")
    folder = pattern(dataset, extension).parent
    names = sorted(path.name for path in folder.glob(f"{prefix}*{suffix}"))
    return [name[len(prefix) : len(name) - len(suffix)] for name in names]


def attributes(dataset: Dataset, basin_id: str, basin: str, found: dict) -> dict:
    """Area, latitude and so on, from the dataset's table or else from what the file itself says.

    Parameters
    ----------
    found : dict
        Names and values of the file's attributes.
    """
    if dataset.attributes is not None:
        table = read_csv(existing(dataset.attributes, basin, "table of attributes"), basin, dtype={"basin": str})
        table = table.set_index("basin") if "basin" in table else table
        if basin_id not in table.index:
            raise unknown(basin, basin_id, table.index.astype(str), dataset.attributes)
        found = found | table.loc[basin_id].to_dict()
    values = {}
    for name, aliases in ATTRIBUTES.items():
        alias = next((a for a in aliases if a in found), None)
        if alias is not None:
            values[name] = float(found[alias])
    return values | {"source": str(found.get("source", dataset.path)), "licence": str(found.get("licence", "unknown"))}
