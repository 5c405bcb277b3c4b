"""Memory as the period grows: a grid that is generated as it is read, through the pass."""

import tempfile
from dataclasses import replace
from pathlib import Path

from gridded.case import CRS, basins
from gridded.cost import measured
from gridded.speed import THRESHOLD, with_distance
from hydronexus.config import Workers
from hydronexus.precipitation.cluster import client_of
from hydronexus.precipitation.driver import Sweep
from hydronexus.precipitation.fields import VirtualRain
from hydronexus.precipitation.grids import Grid
from hydronexus.precipitation.statistics import chosen
from hydronexus.precipitation.weights import cells_of

SIDE = 1000
CHUNK = (48, 500, 500)


def memory(quick: bool) -> list[dict[str, float]]:
    """Peak memory [GB] of all processes, for a grid and for one ten times as long."""
    import pyproj

    from gridded.case import CORNER

    rain = VirtualRain(mean=2.0, wet_fraction=0.6, correlation_length=30.0, motion=(20.0, 5.0), duration=240)
    found = []
    for gigabytes in (0.8, 8) if quick else (10, 100):
        steps = round(gigabytes * 1e9 / 4 / SIDE**2)
        field = rain.field(steps, SIDE, SIDE, CHUNK)
        x, y = (corner + 1000.0 * field[axis].values for corner, axis in zip(CORNER, ("x", "y"), strict=True))
        grid = Grid(field.assign_coords(x=x, y=y), pyproj.CRS(CRS), 1 / 24, "virtual rain")
        own = with_distance(cells_of(grid, basins())[0])
        with (
            tempfile.TemporaryDirectory() as folder,
            client_of(Workers()) as client,
        ):
            few = replace(grid, precipitation=grid.precipitation[:48])
            Sweep(few, own, chosen("cheap", distance=True), THRESHOLD, Path(folder) / "few").run(client)
            with measured(memory=True) as spent:
                Sweep(grid, own, chosen("cheap", distance=True), THRESHOLD, Path(folder) / "all").run(client)
        found.append({"grid_gb": gigabytes, "peak_gb": spent.peak, "minutes": spent.wall / 60})
    return found
