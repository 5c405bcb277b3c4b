"""Caravan and its extensions (Kratzert et al. 2023), as CSV or netCDF."""

from pathlib import Path

import lazy_loader

from hydronexus.config import Dataset
from hydronexus.errors import SourceUnreadableError
from hydronexus.forcing.readers.files import dated, existing, read_csv, select, to_dataset, unknown

xr = lazy_loader.load("xarray")

COLUMNS = {
    "precipitation": ("total_precipitation_sum", "mm/day"),
    "temperature": ("temperature_2m_mean", "degC"),
    "temperature_min": ("temperature_2m_min", "degC"),
    "temperature_max": ("temperature_2m_max", "degC"),
    "shortwave_radiation": ("surface_net_solar_radiation_mean", "W/m2"),
    "streamflow": ("streamflow", "mm/day"),
}
# ERA5-Land's own potential evaporation is that of open water in dry air, far too high over land (Caravan's changelog), so only
# the Penman-Monteith column of later versions is taken; without it the ingestion computes Hargreaves.
PENMAN_MONTEITH = "potential_evaporation_sum_FAO_PENMAN_MONTEITH"


def _extension(dataset: Dataset) -> str:
    return "csv" if dataset.format == "caravan_csv" else "nc"


def _folder(dataset: Dataset) -> Path:
    return dataset.path / "timeseries" / ("csv" if dataset.format == "caravan_csv" else "netcdf")


def list_basins(dataset: Dataset) -> list[str]:
    """Ids such as camels_01022500 of all sub-datasets."""
    return sorted(path.stem for path in _folder(dataset).glob(f"*/*.{_extension(dataset)}"))


def _sub(basin_id: str) -> str:
    return basin_id.split("_")[0]


def sources(dataset: Dataset, basin_id: str) -> list[Path]:
    """Time series and the table with area and latitude."""
    sub = _sub(basin_id)
    return [
        _folder(dataset) / sub / f"{basin_id}.{_extension(dataset)}",
        dataset.path / "attributes" / sub / f"attributes_other_{sub}.csv",
    ]


def read(dataset: Dataset, basin_id: str, basin: str):
    """Read one basin."""
    path, attributes_path = sources(dataset, basin_id)
    if not path.exists():
        existing(_folder(dataset), basin, "folder of time series")
        raise unknown(basin, basin_id, list_basins(dataset), dataset.path)
    if dataset.format == "caravan_csv":
        table = dated(read_csv(path, basin), basin, path)
    else:
        try:
            with xr.open_dataset(path) as opened:
                table = opened.to_dataframe()
        except (OSError, ValueError) as error:
            raise SourceUnreadableError(basin, f"{path} cannot be read as netCDF: {error}") from None
    wanted = {name: column for name, (column, _) in COLUMNS.items() if column in table or name in ("precipitation", "streamflow", "temperature")}
    units = {name: unit for name, (_, unit) in COLUMNS.items()} | {"potential_evapotranspiration": "mm/day"}
    if PENMAN_MONTEITH in table:
        wanted["potential_evapotranspiration"] = PENMAN_MONTEITH
    chosen = select(table, wanted, basin, path)
    attributes = read_csv(existing(attributes_path, basin, "attributes"), basin, dtype={"gauge_id": str}).set_index("gauge_id")
    if basin_id not in attributes.index:
        raise unknown(basin, basin_id, attributes.index, attributes_path)
    row = attributes.loc[basin_id]
    attrs = {
        "area_km2": float(row["area"]),
        "latitude": float(row["gauge_lat"]),
        "source": f"Caravan {_sub(basin_id)} (Kratzert et al. 2023)",
        "licence": "CC BY 4.0",
        "files": str(path),
    }
    return to_dataset(chosen, units, attrs)
