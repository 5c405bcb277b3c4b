"""CAMELS-DE in its native layout (Loritz et al. 2024)."""

from pathlib import Path

from hydronexus.config import Dataset
from hydronexus.forcing.readers.files import dated, existing, read_csv, select, to_dataset, unknown

COLUMNS = {
    "precipitation": ("precipitation_mean", "mm/day"),
    "precipitation_stdev": ("precipitation_stdev", "mm/day"),
    "precipitation_min": ("precipitation_min", "mm/day"),
    "precipitation_median": ("precipitation_median", "mm/day"),
    "precipitation_max": ("precipitation_max", "mm/day"),
    "temperature": ("temperature_mean", "degC"),
    "temperature_min": ("temperature_min", "degC"),
    "temperature_max": ("temperature_max", "degC"),
    "shortwave_radiation": ("radiation_global_mean", "W/m2"),
    "streamflow": ("discharge_spec_obs", "mm/day"),
}


def _file(dataset: Dataset, basin_id: str) -> Path:
    return dataset.path / "timeseries" / f"CAMELS_DE_hydromet_timeseries_{basin_id}.csv"


def list_basins(dataset: Dataset) -> list[str]:
    """Ids with a time series file."""
    return sorted(path.stem.rsplit("_", 1)[1] for path in dataset.path.glob("timeseries/CAMELS_DE_hydromet_timeseries_*.csv"))


def sources(dataset: Dataset, basin_id: str) -> list[Path]:
    """Time series and attributes."""
    return [_file(dataset, basin_id), dataset.path / "CAMELS_DE_topographic_attributes.csv"]


def read(dataset: Dataset, basin_id: str, basin: str):
    """Read one basin; precipitation comes with its spatial statistics over the catchment."""
    path, attributes_path = sources(dataset, basin_id)
    if not path.exists():
        existing(dataset.path / "timeseries", basin, "folder of time series")
        raise unknown(basin, basin_id, list_basins(dataset), dataset.path)
    chosen = select(
        dated(read_csv(path, basin), basin, path), {name: column for name, (column, _) in COLUMNS.items()}, basin, path
    )
    attributes = read_csv(existing(attributes_path, basin, "topographic attributes"), basin, dtype={"gauge_id": str})
    row = attributes.set_index("gauge_id").loc[basin_id]
    attrs = {
        "area_km2": float(row["area"]),
        "latitude": float(row["gauge_lat"]),
        "elevation_m": float(row["elev_mean"]),
        "source": "CAMELS-DE (Loritz et al. 2024)",
        "licence": "CC BY 4.0",
        "files": str(path),
    }
    return to_dataset(chosen, {name: unit for name, (_, unit) in COLUMNS.items()}, attrs)
