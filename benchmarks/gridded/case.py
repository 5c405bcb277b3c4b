"""A grid of hourly rain over 400 km x 400 km in a Zarr store, and basins that cover most of it."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xarray as xr

from hydronexus.precipitation.fields import VirtualRain

CRS = "EPSG:3035"
EXTENT = 400  # [km]
CHUNK = (240, 200, 200)  # most cells; fewer along space on coarse grids
STORM = 12  # hours
WET_STORMS = 4  # one span of so many has rain: dry three quarters of the time, as radar shows of the Cance
BASINS = 100
CORNER = (4_000_000.0, 3_000_000.0)  # [m]


def rain_store(path: Path, steps: int, dry: bool, cell: int = 1) -> Path:
    """Write virtual rain [mm per hour] on cells of so many km; `dry` leaves the steps between storms without rain."""
    side = EXTENT // cell
    chunk = (CHUNK[0], min(CHUNK[1], side), min(CHUNK[2], side))
    rain = VirtualRain(
        mean=2.0, wet_fraction=0.6, correlation_length=30.0, cell_size=cell, motion=(20.0, 5.0), duration=STORM
    )
    field = rain.field(steps, side, side, chunk)
    if dry:
        wet = np.arange(steps) // STORM % WET_STORMS == 0
        field = field * xr.DataArray(wet.astype(np.float32), dims="time")
    x, y = (corner + 1000.0 * cell * (np.arange(side) + 0.5) for corner in CORNER)
    field = field.assign_coords(
        time=pd.date_range("2000-01-01", periods=steps, freq="h"),
        x=("x", x, {"standard_name": "projection_x_coordinate", "units": "m"}),
        y=("y", y, {"standard_name": "projection_y_coordinate", "units": "m"}),
    )
    # Hundredths, as products store rain: random digits below them would not compress.
    field = field.round(2).astype(np.float32).assign_attrs(units="mm", standard_name="precipitation_amount")
    field.to_dataset(name="precipitation").to_zarr(path, mode="w", encoding={"precipitation": {"chunks": chunk}})
    return path


def basins(count: int = BASINS) -> gpd.GeoDataFrame:
    """Irregular polygons, side by side, that cover about two thirds of the grid."""
    rng = np.random.default_rng(0)
    along = round(np.sqrt(count))
    width = 1000.0 * EXTENT / along
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    polygons = []
    for place in range(count):
        row, column = divmod(place, along)
        radius = width * (0.46 + 0.03 * np.sin(3 * angle + rng.uniform(0, 6)) + 0.01 * rng.standard_normal(60))
        center = np.array(CORNER) + width * (np.array([column, row]) + 0.5)
        polygons.append(shapely.Polygon(center + radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])))
    return gpd.GeoDataFrame({"basin": [f"b{place:03d}" for place in range(count)]}, geometry=polygons, crs=CRS)
