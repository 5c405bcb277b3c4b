"""CAMELS-DE in its native layout (Loritz et al. 2024)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hydronexus.config import Dataset
from hydronexus.forcing.readers.files import dated, existing, folder_of, place, read_csv, select, to_dataset

if TYPE_CHECKING:
    import xarray as xr

# The volume flow has three digits where the specific discharge has two decimals, which are few at low flow.
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
    "relative_humidity": ("humidity_mean", "%"),
    "streamflow": ("discharge_vol_obs", "m3/s"),
}
PLACE = {"area_km2": "area", "latitude": "gauge_lat", "longitude": "gauge_lon", "elevation_m": "elev_mean"}
PREFIX = "CAMELS_DE_hydromet_timeseries_"


def list_basins(dataset: Dataset) -> list[str]:
    """Ids with a time series file."""
    folder = folder_of(dataset.path / "timeseries")
    return sorted(path.stem.removeprefix(PREFIX) for path in folder.glob(f"{PREFIX}*.csv"))


def sources(dataset: Dataset, basin_id: str) -> list[Path]:
    """Time series and attributes."""
    return [
        dataset.path / "timeseries" / f"{PREFIX}{basin_id}.csv",
        dataset.path / "CAMELS_DE_topographic_attributes.csv",
    ]


def read(dataset: Dataset, basin_id: str, basin: str) -> xr.Dataset:
    """Read one basin; precipitation comes with its spatial statistics over the catchment."""
    path, attributes_path = sources(dataset, basin_id)
    table = dated(read_csv(existing(path, basin, "time series"), basin), basin, path)
    chosen = select(table, {name: column for name, (column, _) in COLUMNS.items()}, basin, path)
    attrs = place(attributes_path, "topographic attributes", PLACE, basin_id, basin) | {
        "source": "CAMELS-DE (Loritz et al. 2024)",
        "licence": "CC BY 4.0",
    }
    return to_dataset(chosen, {name: unit for name, (_, unit) in COLUMNS.items()}, path, attrs)
