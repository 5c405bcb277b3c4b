"""Caravan and its extensions (Kratzert et al. 2023), as CSV or netCDF."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import lazy_loader

from hydronexus.config import Dataset
from hydronexus.forcing.readers.files import dated, existing, folder_of, place, read_csv, reading, select, to_dataset

lazy_xr = lazy_loader.load("xarray")

if TYPE_CHECKING:
    import xarray as xr

# ERA5-Land's own potential evaporation (potential_evaporation_sum, later ..._ERA5_LAND) is two to three
# times too high over land and is never taken; without the Penman-Monteith column of Caravan 1.5 and later,
# the ingestion computes it from temperature.
COLUMNS = {
    "precipitation": ("total_precipitation_sum", "mm/day"),
    "potential_evapotranspiration": ("potential_evaporation_sum_FAO_PENMAN_MONTEITH", "mm/day"),
    "temperature": ("temperature_2m_mean", "degC"),
    "temperature_min": ("temperature_2m_min", "degC"),
    "temperature_max": ("temperature_2m_max", "degC"),
    "streamflow": ("streamflow", "mm/day"),
}
PLACE = {"area_km2": "area", "latitude": "gauge_lat", "longitude": "gauge_lon"}
OPTIONAL = ("potential_evapotranspiration",)


def _kind(dataset: Dataset) -> tuple[str, str]:
    """Folder below timeseries, and extension."""
    return ("csv", "csv") if dataset.format == "caravan_csv" else ("netcdf", "nc")


def list_basins(dataset: Dataset) -> list[str]:
    """Ids such as camels_01022500 of all sub-datasets."""
    folder, extension = _kind(dataset)
    return sorted(path.stem for path in folder_of(dataset.path / "timeseries" / folder).glob(f"*/*.{extension}"))


def sources(dataset: Dataset, basin_id: str) -> list[Path]:
    """Time series and the table with area and latitude, in the folders of the id's sub-dataset."""
    folder, extension = _kind(dataset)
    # Folders are in small letters, also where ids are not (GRDC_1159100 lies in grdc).
    sub = basin_id.split("_")[0].lower()
    return [
        dataset.path / "timeseries" / folder / sub / f"{basin_id}.{extension}",
        dataset.path / "attributes" / sub / f"attributes_other_{sub}.csv",
    ]


def read(dataset: Dataset, basin_id: str, basin: str) -> xr.Dataset:
    """Read one basin."""
    path, attributes_path = sources(dataset, basin_id)
    existing(path, basin, "time series")
    if dataset.format == "caravan_csv":
        table = dated(read_csv(path, basin), basin, path)
    else:
        with reading(path, basin, "netCDF"), lazy_xr.open_dataset(path) as opened:
            table = dated(opened.to_dataframe().reset_index(), basin, path)
    wanted = {name: column for name, (column, _) in COLUMNS.items() if name not in OPTIONAL or column in table}
    chosen = select(table, wanted, basin, path)
    attrs = place(attributes_path, "attributes", PLACE, basin_id, basin) | {
        "source": f"Caravan, {attributes_path.parent.name} (Kratzert et al. 2023)",
        "licence": "CC BY 4.0",
    }
    return to_dataset(chosen, {name: unit for name, (_, unit) in COLUMNS.items()}, path, attrs)
