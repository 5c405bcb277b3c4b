"""Small files of one basin in the layout of every format, as bytes by path below the dataset's folder."""

import io
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from hydronexus.forcing.readers.example import ARCHIVE
from tests.forcing.conftest import UNITS, make_weather

PERIODS = {
    "validation": ["2000-03-01", "2000-06-30"],
    "test": ["2000-07-01", "2000-10-31"],
    "train": ["2000-11-01", "2001-03-31"],
}
WARMUP = 60
MAPPED = {"precipitation": "prcp", "temperature_min": "tmin", "temperature_max": "tmax", "streamflow": "q"}
ATTRIBUTES = b"basin,area_km2,latitude,elevation_m\n01,120.5,47.5,600\n02,80,46.1,500\n"


@dataclass(frozen=True)
class Layout:
    """One basin in a format.

    Parameters
    ----------
    settings : dict
        Of the dataset; ``{folder}`` stands for its folder.
    basin : str
    files : dict of bytes
        By path below the folder.
    """

    settings: dict[str, Any]
    basin: str
    files: dict[str, bytes]

    @property
    def name(self) -> str:
        """Full name of the basin in a study whose dataset is called d."""
        return f"d_{self.basin}"

    def study(self, folder: Path) -> dict[str, Any]:
        """Configuration of a study of this basin."""
        dataset = {
            key: value.replace("{folder}", str(folder)) if isinstance(value, str) else value
            for key, value in self.settings.items()
        }
        return {
            "study": "s",
            "periods": PERIODS,
            "datasets": {"d": {"basins": [self.basin]} | dataset},
            "training": {"warmup": WARMUP, "seeds": 1},
        }

    def write(self, folder: Path, changed: dict[str, bytes]) -> None:
        """Write all files, some of them changed."""
        for name, content in (self.files | changed).items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


@cache
def weather() -> pd.DataFrame:
    """Fifteen months of daily weather and flow."""
    return make_weather("2000-01-01", "2001-03-31")


def _netcdf(data: xr.Dataset) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        data.to_netcdf(Path(folder) / "x.nc")
        return (Path(folder) / "x.nc").read_bytes()


def _arrays() -> xr.Dataset:
    data = weather().rename(columns=MAPPED)[list(MAPPED.values())].to_xarray().rename(date="time")
    for name, unit in zip(MAPPED.values(), ("mm/day", "degC", "degC", "mm/day"), strict=True):
        data[name].attrs["units"] = unit
    return data


def camels_us() -> Layout:
    lines = ["  45.00", " 250.00", "100000000"]
    lines.append("Year\tMnth\tDay\tHr\tdayl(s)\tprcp(mm/day)\tsrad(W/m2)\tswe(mm)\ttmax(C)\ttmin(C)\tvp(Pa)")
    rows = []
    for day, row in weather().iterrows():
        lines.append(
            f"{day:%Y %m %d} 12 40000 {row.precipitation:.2f} {150.0 + day.dayofyear % 7} 0 "
            f"{row.temperature_max:.2f} {row.temperature_min:.2f} {800.0 + day.dayofyear % 5}"
        )
        rows.append(f"01022500 {day:%Y %m %d} {row.streamflow * 40:10.2f} A")
    gauges = b"gauge_id;gauge_lat;gauge_lon;elev_mean;slope_mean\n01022500;44.61;-67.94;92.68;17.79\n"
    files = {
        "basin_mean_forcing/daymet/01/01022500_lump_cida_forcing_leap.txt": "\n".join(lines).encode(),
        "usgs_streamflow/01/01022500_streamflow_qc.txt": "\n".join(rows).encode(),
        "camels_attributes_v2.0/camels_topo.txt": gauges,
    }
    return Layout({"format": "camels_us", "path": "{folder}", "forcing": "daymet"}, "01022500", files)


def camels_de() -> Layout:
    names = {
        "precipitation": "precipitation_mean",
        "temperature": "temperature_mean",
        "streamflow": "discharge_vol_obs",
    }
    table = weather().rename(columns=names)
    spatial = {"stdev": 0.3, "min": 0.5, "median": 1.0, "max": 2.0}
    for part, factor in spatial.items():
        table[f"precipitation_{part}"] = table["precipitation_mean"] * factor
    table["radiation_global_mean"], table["humidity_mean"] = 100.0 + table.index.day, 70.0 + table.index.day / 10
    topography = b"gauge_id,gauge_lat,gauge_lon,elev_mean,area\nDE110000,48.0,8.5,700.0,120.5\n"
    files = {
        "timeseries/CAMELS_DE_hydromet_timeseries_DE110000.csv": table.to_csv().encode(),
        "CAMELS_DE_topographic_attributes.csv": topography,
    }
    return Layout({"format": "camels_de", "path": "{folder}"}, "DE110000", files)


def _caravan(kind: str) -> Layout:
    names = {
        "precipitation": "total_precipitation_sum", "temperature": "temperature_2m_mean",
        "temperature_min": "temperature_2m_min", "temperature_max": "temperature_2m_max",
    }  # fmt: skip
    table = weather().rename(columns=names)
    table["potential_evaporation_sum_FAO_PENMAN_MONTEITH"] = np.linspace(1, 2, len(table)).round(3)
    content = table.to_csv().encode() if kind == "csv" else _netcdf(table.to_xarray())
    files = {
        f"timeseries/{kind}/camels/camels_01022500.{'csv' if kind == 'csv' else 'nc'}": content,
        "attributes/camels/attributes_other_camels.csv": (
            b"gauge_id,gauge_lat,gauge_lon,gauge_name,country,area\ncamels_01022500,44.6,-67.9,River,US,573.6\n"
        ),
    }
    return Layout({"format": f"caravan_{kind}", "path": "{folder}"}, "camels_01022500", files)


def caravan_csv() -> Layout:
    return _caravan("csv")


def caravan_netcdf() -> Layout:
    return _caravan("netcdf")


def netcdf() -> Layout:
    settings = {"format": "netcdf", "path": "{folder}/data", "attributes": "{folder}/a.csv", "variables": MAPPED}
    return Layout(settings, "01", {"data/01.nc": _netcdf(_arrays()), "a.csv": ATTRIBUTES})


def netcdf_of_many() -> Layout:
    data = xr.concat([_arrays(), _arrays()], pd.Index(["01", "02"], name="basin"))
    settings = {"format": "netcdf", "path": "{folder}/all.nc", "attributes": "{folder}/a.csv", "variables": MAPPED}
    return Layout(settings, "01", {"all.nc": _netcdf(data), "a.csv": ATTRIBUTES})


def netcdf_classic() -> Layout:
    with tempfile.TemporaryDirectory() as folder:
        _arrays().to_netcdf(Path(folder) / "x.nc", format="NETCDF3_CLASSIC")
        content = (Path(folder) / "x.nc").read_bytes()
    settings = {"format": "netcdf", "path": "{folder}/data", "attributes": "{folder}/a.csv", "variables": MAPPED}
    return Layout(settings, "01", {"data/01.nc": content, "a.csv": ATTRIBUTES})


def _table(format: str, content: bytes) -> Layout:
    settings = {"format": format, "path": "{folder}/data", "attributes": "{folder}/a.csv", "units": UNITS}
    return Layout(settings, "01", {f"data/01.{format}": content, "a.csv": ATTRIBUTES})


def csv() -> Layout:
    return _table("csv", weather().to_csv().encode())


def csv_of_a_spreadsheet() -> Layout:
    return _table("csv", weather().to_csv(sep=";", decimal=",", lineterminator="\r\n").encode("utf-8-sig"))


def parquet() -> Layout:
    content = io.BytesIO()
    weather().to_parquet(content)
    return _table("parquet", content.getvalue())


def example() -> Layout:
    table = weather().rename(columns={"precipitation": "P", "temperature": "T", "streamflow": "Qo"})
    table["E0"] = 1.0 + (table.index.dayofyear % 9) / 10
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("holmes/data/Au Saumon_Observations.csv", table[["P", "E0", "Qo", "T"]].to_csv())
    return Layout({"format": "example"}, "au_saumon", {str(ARCHIVE): content.getvalue()})


LAYOUTS: dict[str, Callable[[], Layout]] = {
    layout.__name__: cache(layout)
    for layout in (
        camels_us, camels_de, caravan_csv, caravan_netcdf, netcdf, netcdf_of_many, netcdf_classic, csv,
        csv_of_a_spreadsheet, parquet, example,
    )
}  # fmt: skip
BINARY = (".nc", ".parquet", ".whl")
