"""CAMELS-US in its native layout (Newman et al. 2015), with any of its forcing products."""

from pathlib import Path

import lazy_loader

from hydronexus.config import Dataset
from hydronexus.errors import SourceMissingError, SourceUnreadableError
from hydronexus.forcing.readers.files import dated, existing, read_csv, select, to_dataset, unknown

np = lazy_loader.load("numpy")
pd = lazy_loader.load("pandas")

COLUMNS = {
    "precipitation": ("prcp(mm/day)", "mm/day"),
    "temperature_max": ("tmax(C)", "degC"),
    "temperature_min": ("tmin(C)", "degC"),
    "shortwave_radiation": ("srad(W/m2)", "W/m2"),
    "vapour_pressure": ("vp(Pa)", "Pa"),
    "day_length": ("dayl(s)", "s"),
}


def _folder(dataset: Dataset, *parts: str) -> Path:
    """A folder of the dataset, which some distributions wrap in one more folder."""
    inner = "basin_dataset_public_v1p2"
    return next((p for p in (dataset.path.joinpath(*parts), dataset.path.joinpath(inner, *parts)) if p.is_dir()), dataset.path.joinpath(*parts))


def _forcing_files(dataset: Dataset) -> dict[str, Path]:
    folder = _folder(dataset, "basin_mean_forcing", dataset.forcing or "maurer_extended")
    return {path.name.split("_")[0]: path for path in sorted(folder.glob("*/*_forcing_leap.txt"))}


def _flow_file(dataset: Dataset, basin_id: str, region: str) -> Path:
    return _folder(dataset, "usgs_streamflow") / region / f"{basin_id}_streamflow_qc.txt"


def list_basins(dataset: Dataset) -> list[str]:
    """Ids with a forcing file of the product."""
    return list(_forcing_files(dataset))


def sources(dataset: Dataset, basin_id: str) -> list[Path]:
    """Forcing and streamflow file of a basin."""
    folder = _folder(dataset, "basin_mean_forcing", dataset.forcing or "maurer_extended")
    found = sorted(folder.glob(f"*/{basin_id}_*_forcing_leap.txt"))
    return found + [_flow_file(dataset, basin_id, path.parent.name) for path in found]


def read(dataset: Dataset, basin_id: str, basin: str):
    """Read one basin; streamflow in cubic feet per second, missing where the file says -999."""
    files = _forcing_files(dataset)
    if not files:
        folder = _folder(dataset, "basin_mean_forcing")
        there = sorted(p.name for p in folder.glob("*") if p.is_dir())
        raise SourceMissingError(
            basin, f"no files of forcing product {dataset.forcing or 'maurer_extended'!r} in {folder}; there are: {', '.join(there) or 'none'}"
        )
    if basin_id not in files:
        raise unknown(basin, basin_id, files, dataset.path)
    path = files[basin_id]
    try:
        latitude, elevation, area = (float(line.split()[0]) for line in path.read_text().splitlines()[:3])
    except (ValueError, IndexError):
        raise SourceUnreadableError(basin, f"the first three lines of {path} are not latitude, elevation and area") from None
    table = read_csv(path, basin, sep=r"\s+", skiprows=3)
    # Products differ in capitals (Dayl(s), PRCP(mm/day), dayl(s), prcp(mm/day)).
    table.columns = [column.lower().replace("(c)", "(C)").replace("(w/m2)", "(W/m2)").replace("(pa)", "(Pa)") for column in table.columns]
    clock = table.rename(columns={"mnth": "month", "year": "year", "day": "day"})
    select(table, {"date": ["year", "mnth", "day"]}, basin, path)
    table.insert(0, "date", pd.to_datetime(clock[["year", "month", "day"]]))
    forcing = dated(table, basin, path)
    chosen = select(forcing, {name: column for name, (column, _) in COLUMNS.items()}, basin, path)
    chosen["temperature"] = (chosen["temperature_min"] + chosen["temperature_max"]) / 2
    flow_path = existing(_flow_file(dataset, basin_id, path.parent.name), basin, "streamflow file")
    flow = read_csv(flow_path, basin, sep=r"\s+", header=None, names=["id", "year", "month", "day", "flow", "flag"], dtype={"id": str})
    series = pd.Series(flow["flow"].to_numpy(), pd.to_datetime(flow[["year", "month", "day"]]))
    series = series[~series.index.duplicated()]
    chosen["streamflow"] = series.where(series > -900).reindex(chosen.index)
    units = {name: unit for name, (_, unit) in COLUMNS.items()} | {"streamflow": "cfs", "temperature": "degC"}
    attrs = {
        "area_km2": area / 1e6,
        "latitude": latitude,
        "elevation_m": elevation,
        "source": f"CAMELS-US, {dataset.forcing or 'maurer_extended'} forcing and USGS streamflow (Newman et al. 2015; Addor et al. 2017)",
        "licence": "see the dataset",
        "files": f"{path}, {flow_path}",
    }
    return to_dataset(chosen, units, attrs)
