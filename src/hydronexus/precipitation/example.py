"""The radar rain of the default study: the Cance at Sarras (France), hourly, 1 km, autumn 2014, with three gauges."""

import io
import zipfile

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr

from hydronexus.forcing.fetch import RADAR_ARCHIVE
from hydronexus.precipitation.flow import FlowDirections, Outlet, basins_above, open_flow_directions
from hydronexus.precipitation.grids import Grid, open_grid

INSIDE = "smash/factory/dataset"
REACH = 3  # cells around a gauge among which its outlet is looked for


def grid() -> Grid:
    """The radar fields."""
    return open_grid(f"{RADAR_ARCHIVE}!{INSIDE}/Cance/prcp", units="mm", scale=0.1)


def basins() -> tuple[gpd.GeoDataFrame, FlowDirections]:
    """Basins above the gauges, and the flow directions that draw them."""
    directions = open_flow_directions(f"{RADAR_ARCHIVE}!{INSIDE}/France_flwdir.tif", "clockwise")
    gauges = pd.read_csv(_file("gauge_attributes.csv"), dtype={"code": str})
    outlets = {row.code: Outlet(row.x, row.y, row.area) for row in gauges.itertuples()}
    found, failed = basins_above(directions, outlets, REACH)
    for error in failed.values():
        raise error
    return found, directions


def streamflow() -> dict[str, xr.DataArray]:
    """Observed streamflow by gauge [m3 s-1], dim time."""
    found = {}
    for code in pd.read_csv(_file("gauge_attributes.csv"), dtype=str)["code"]:
        table = pd.read_csv(_file(f"qobs/{code}.csv"), dtype={0: float})
        times = pd.date_range(pd.to_datetime(table.columns[0], format="%Y%m%d%H%M"), periods=len(table), freq="h")
        values = table.iloc[:, 0].to_numpy()
        values = np.where(values < 0, np.nan, values)
        found[code] = xr.DataArray(values, {"time": times}, "time", attrs={"units": "m3 s-1"})
    return found


def _file(name: str) -> io.BytesIO:
    with zipfile.ZipFile(RADAR_ARCHIVE) as archive:
        return io.BytesIO(archive.read(f"{INSIDE}/Cance/{name}"))
