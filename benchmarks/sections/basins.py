"""Real basins for the benchmarks: CAMELS-US with Maurer forcing on the standard split."""

import os
import sys
from datetime import date
from functools import lru_cache
from pathlib import Path

import xarray as xr

from hydronexus.config import Study, load_study
from hydronexus.errors import BasinError
from hydronexus.forcing import catalogue
from hydronexus.forcing.ingest import ingest

ROOT = Path(__file__).resolve().parents[2]
SPREAD = ("01022500", "01591400", "02215100", "04256000", "05489000", "06911900", "08378500", "12411000")
PERIODS = {
    "train": ["1999-10-01", "2008-09-30"],
    "validation": ["1980-10-01", "1989-09-30"],
    "test": ["1989-10-01", "1999-09-30"],
}
VARIABLES = {
    "precipitation": "prcp",
    "temperature_min": "tmin",
    "temperature_max": "tmax",
    "shortwave_radiation": "srad",
    "vapour_pressure": "vp",
    "streamflow": "q",
}


def data_file() -> Path:
    """The netCDF of CAMELS-US basins, in `$HYDRONEXUS_SHARED` or beside the repository."""
    folder = Path(os.environ.get("HYDRONEXUS_SHARED", ROOT.parent / "shared" / "data"))
    path = folder / "camels_us_maurer_432.nc"
    if not path.exists():
        raise SystemExit(f"no {path}: set HYDRONEXUS_SHARED to the folder that holds {path.name}")
    return path


@lru_cache
def study() -> Study:
    """The study the benchmarks take their data and settings from."""
    dataset = {"format": "netcdf", "path": str(data_file()), "basins": "all", "variables": VARIABLES}
    return load_study({"study": "benchmark", "datasets": {"us": dataset}, "periods": PERIODS})


def names(count: int) -> list[str]:
    """Some of the basins, evenly spread over all."""
    everything = list(catalogue.basins(study()))
    return [everything[round(i * (len(everything) - 1) / max(1, count - 1))] for i in range(count)]


def forcing_of(name: str) -> xr.Dataset:
    """Canonical forcing of a basin."""
    return ingest(study(), name)


def usable(count: int) -> list[tuple[str, xr.Dataset]]:
    """Forcing of some of the basins; those that ingestion would quarantine are left out."""
    found = []
    for name in names(count):
        try:
            found.append((name, forcing_of(name)))
        except BasinError as error:
            print(f"left out: {error}", file=sys.stderr)
    return found


def years(count: int):
    """The split with a training period of some years, at the record's end."""
    periods = study().periods
    return periods.model_copy(update={"train": (date(2008 - count, 10, 1), periods.train[1])})
