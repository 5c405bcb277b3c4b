"""Every statistic that has a known truth, from one pass over virtual rain."""

import tempfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
import shapely

from gridded.case import CORNER, CRS
from gridded.speed import with_distance
from hydronexus.config import Workers
from hydronexus.precipitation.cluster import client_of
from hydronexus.precipitation.driver import Sweep
from hydronexus.precipitation.fields import VirtualRain
from hydronexus.precipitation.grids import Grid
from hydronexus.precipitation.statistics import chosen
from hydronexus.precipitation.weights import cells_of

SIDE = 200  # [km]
RAIN = VirtualRain(
    mean=2.0, conditional_cv=0.8, wet_fraction=0.7, correlation_length=2.5, motion=(5.0, -3.0), duration=6, seed=1
)


def truth(quick: bool) -> dict[str, dict[str, float]]:
    """Mean over steps of each statistic, its standard error over storms, and its truth."""
    storms = 8 if quick else 40
    field = RAIN.field(storms * RAIN.duration, SIDE, SIDE, (24, 100, 100))
    x, y = (corner + 1000.0 * field[axis].values for corner, axis in zip(CORNER, ("x", "y"), strict=True))
    grid = Grid(field.assign_coords(x=x, y=y), pyproj.CRS(CRS), 1 / 24, "virtual rain")
    square = gpd.GeoDataFrame({"basin": ["square"]}, geometry=[shapely.box(x[0], y[0], x[-1], y[-1])], crs=CRS)
    own = with_distance(cells_of(grid, square)[0])
    with tempfile.TemporaryDirectory() as folder, client_of(Workers()) as client:
        found = Sweep(grid, own, chosen("full", distance=True), 1e-6, Path(folder)).run(client).squeeze("basin")
    # Eastward and northward are those of the place, which the axes of the projection are not.
    found["speed"] = np.hypot(found["motion_x"], found["motion_y"])
    expected = {
        "mean": RAIN.mean,
        "cv": RAIN.cv,
        "conditional_cv": RAIN.conditional_cv,
        "wet_fraction": RAIN.wet_fraction,
        "gini": RAIN.gini,
        "theil": RAIN.theil,
        "quantile_10": float(RAIN.quantile(0.1)),
        "quantile_50": float(RAIN.quantile(0.5)),
        "quantile_90": float(RAIN.quantile(0.9)),
        "delta1": 1.0,
        "horizontal_gap": 0.0,
        "morans_i": float(RAIN.correlation(1.0)),
        "speed": float(np.hypot(*RAIN.motion)),
    }
    result = {}
    for name, value in expected.items():
        by_storm = np.nanmean(found[name].values.reshape(storms, RAIN.duration), axis=1)
        error = float(np.std(by_storm, ddof=1) / np.sqrt(storms))
        result[name] = {"found": float(by_storm.mean()), "standard_error": error, "truth": value}
    return result
