"""CAMELS-US in its native layout (Newman et al. 2015), with any of its forcing products."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import lazy_loader

from hydronexus.config import Dataset
from hydronexus.errors import IrregularTimeError, SourceUnreadableError, VariableMissingError
from hydronexus.forcing.readers.files import existing, folder_of, on_earth, place, read_csv, select, to_dataset

pd = lazy_loader.load("pandas")

if TYPE_CHECKING:
    import xarray as xr

# Products differ in capitals (prcp(mm/day), PRCP(mm/day)), so headings are compared in small letters.
COLUMNS = {
    "precipitation": ("prcp(mm/day)", "mm/day"),
    "temperature_max": ("tmax(c)", "degC"),
    "temperature_min": ("tmin(c)", "degC"),
    "shortwave_radiation": ("srad(w/m2)", "W/m2"),
    "vapour_pressure": ("vp(pa)", "Pa"),
}
PLACE = {"longitude": "gauge_lon", "slope_m_per_km": "slope_mean"}
MISSING_FLOW = -999.0


def _product(dataset: Dataset) -> str:
    return dataset.forcing or "maurer_extended"


def _forcing_folder(dataset: Dataset) -> Path:
    return dataset.path / "basin_mean_forcing" / _product(dataset)


def _flow_file(dataset: Dataset, basin_id: str, region: str) -> Path:
    """Streamflow lies in the region's folder of the same name, or else in another one."""
    folder, name = dataset.path / "usgs_streamflow", f"{basin_id}_streamflow_qc.txt"
    expected = folder / region / name
    return expected if expected.exists() else next(folder.glob(f"*/{name}"), expected)


def list_basins(dataset: Dataset) -> list[str]:
    """Ids with a forcing file of the product."""
    folder_of(dataset.path / "usgs_streamflow")
    return sorted(path.name.split("_")[0] for path in folder_of(_forcing_folder(dataset)).glob("*/*_forcing_leap.txt"))


def sources(dataset: Dataset, basin_id: str) -> list[Path]:
    """Forcing and streamflow file, and the table of gauges where there is one; nothing for a basin without forcing."""
    found = sorted(_forcing_folder(dataset).glob(f"*/{basin_id}_*_forcing_leap.txt"))[:1]
    flow = [_flow_file(dataset, basin_id, path.parent.name) for path in found]
    gauges = [dataset.path / "camels_attributes_v2.0" / "camels_topo.txt"]
    return found + flow + [path for path in gauges if found and path.exists()]


def read(dataset: Dataset, basin_id: str, basin: str) -> xr.Dataset:
    """Read one basin; area, latitude and elevation are in the heading of the forcing file, the rest in a table."""
    path, flow_path, *gauges = sources(dataset, basin_id)
    try:
        with path.open() as file:
            latitude, elevation, area = (float(file.readline().split()[0]) for _ in range(3))
    except (ValueError, IndexError):
        raise SourceUnreadableError(
            basin, f"the first three lines of {path} are not latitude, elevation and area"
        ) from None
    table = read_csv(path, basin, sep=r"\s+", skiprows=3)
    table.columns = [str(column).lower() for column in table.columns]
    table = table.set_axis(_dates(table, ["year", "mnth", "day"], basin, path), axis=0)
    chosen = select(table, {name: column for name, (column, _) in COLUMNS.items()}, basin, path)
    names = ["gauge", "year", "mnth", "day", "flow", "flag"]
    existing(flow_path, basin, "streamflow")
    flow = read_csv(flow_path, basin, sep=r"\s+", header=None, names=names, dtype={"gauge": str})
    flow = flow.set_axis(_dates(flow, names[1:4], basin, flow_path), axis=0)
    if flow.index.has_duplicates:
        twice = flow.index[flow.index.duplicated()]
        raise IrregularTimeError(
            basin,
            f"{len(twice)} dates stand more than once in {flow_path}, first {twice[0].date()}; keep one row of each",
        )
    series = select(flow, {"flow": "flow"}, basin, flow_path)["flow"]
    chosen["streamflow"] = series.mask(series == MISSING_FLOW).reindex(chosen.index)
    units = {name: unit for name, (_, unit) in COLUMNS.items()} | {"streamflow": "cfs"}
    attrs = {
        "source": f"CAMELS-US, {_product(dataset)} forcing and USGS streamflow (Newman et al. 2015; Addor et al. 2017)",
        "licence": "see doi:10.5065/D6MW2F4D",
    }
    attrs |= on_earth({"area_km2": area / 1e6, "latitude": latitude, "elevation_m": elevation}, basin, path)
    if gauges:
        attrs |= place(gauges[0], "table of gauges", PLACE, basin_id, basin)
    data = to_dataset(chosen, units, path, attrs)
    data["streamflow"].attrs["file"] = str(flow_path)
    return data


def _dates(table: pd.DataFrame, columns: list[str], basin: str, path: Path) -> pd.DatetimeIndex:
    try:
        parts = table[columns].set_axis(["year", "month", "day"], axis=1)
        return pd.DatetimeIndex(pd.to_datetime(parts))
    except KeyError:
        raise VariableMissingError(
            basin,
            f"no columns {', '.join(columns)} in {path}; there are: {', '.join(map(str, table.columns))}",
        ) from None
    except (ValueError, TypeError) as error:
        raise SourceUnreadableError(basin, f"{path} has a row without a date: {error}") from None
