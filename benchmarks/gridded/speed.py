"""One pass over a grid on one core, against the ways in use and against reading alone."""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
import xvec  # noqa: F401, which adds the accessor `xvec`
import zarr
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource

from gridded.case import CRS, basins, rain_store
from gridded.cost import measured
from hydronexus.config import Workers
from hydronexus.precipitation.cells import Cells
from hydronexus.precipitation.cluster import client_of
from hydronexus.precipitation.driver import Sweep
from hydronexus.precipitation.grids import Grid, open_grid
from hydronexus.precipitation.statistics import chosen
from hydronexus.precipitation.weights import cells_of

OPERATIONS = [
    "mean",
    "stdev",
    "coefficient_of_variation",
    "max",
    "quantile(q=0.1)",
    "quantile(q=0.5)",
    "quantile(q=0.9)",
]
THRESHOLD = 0.1  # [mm per step]
CASES = {  # whether rain has dry steps, and cell size [km]
    "dry_three_quarters": (True, 1),
    "rain_all_the_time": (False, 1),
    "cells_of_5_km": (True, 5),
}


def with_distance(cells: dict[str, Cells]) -> list[Cells]:
    """Cells with a distance to their southernmost, so that statistics of distance are computed too."""
    return [
        replace(own, distance=np.hypot(own.x - own.x[own.y.argmin()], own.y - own.y.min())) for own in cells.values()
    ]


def sweep(grid: Grid, cells: list[Cells], cost: str, workers: int) -> tuple[float, float]:
    """Wall and processor time [s] of a pass; the start of workers and compiling are left out."""
    families = chosen(cost, distance=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        client_of(Workers(), workers) as client,
    ):
        few = replace(grid, precipitation=grid.precipitation[:48])
        Sweep(few, cells, families, THRESHOLD, Path(folder) / "few").run(client)
        with measured() as spent:
            Sweep(grid, cells, families, THRESHOLD, Path(folder) / "all").run(client)
    return spent.wall, spent.cpu


def reading(store: Path) -> float:
    """Processor time [s] of reading and decompressing every chunk once."""
    array = zarr.open_array(store / "precipitation", mode="r")
    blocks = [range(0, size, chunk) for size, chunk in zip(array.shape, array.chunks, strict=True)]
    with measured() as spent:
        for t in blocks[0]:
            for y in blocks[1]:
                for x in blocks[2]:
                    array[t : t + array.chunks[0], y : y + array.chunks[1], x : x + array.chunks[2]]
    return spent.cpu


def exactextract_per_step(rain: np.ndarray, polygons, extent: tuple[float, ...]) -> float:
    """Processor time per step [s] of a call of exactextract for every step of rain (time, y, x) in memory."""
    with measured() as spent:
        for field in rain:
            raster = NumPyRasterSource(field[::-1], *extent, srs_wkt=polygons.crs.to_wkt())
            exact_extract(raster, polygons, OPERATIONS, output="pandas", include_cols="basin")
    return spent.cpu / len(rain)


def xvec_per_step(rain: xr.DataArray, polygons) -> float:
    """Processor time per step [s] of xvec's zonal statistics of rain in memory."""
    with measured() as spent:
        rain.xvec.zonal_stats(
            polygons.geometry, x_coords="x", y_coords="y", stats=["mean", "stdev", "max"], method="exactextract"
        )
    return spent.cpu / len(rain)


def speed(quick: bool) -> dict:
    """Cells and steps per second and core, and ratios, for the cheap and the full set of statistics."""
    found: dict = {"crs": CRS, "basins": len(basins())}
    with tempfile.TemporaryDirectory() as folder:
        for name, (dry, cell) in CASES.items():
            steps = 960 if quick else 3840 * min(cell, 2)
            found[name] = _case(rain_store(Path(folder) / f"{name}.zarr", steps, dry, cell), 8 if quick else 48)
    return found


def _case(store: Path, sample: int) -> dict:
    polygons, grid = basins(), open_grid(store, crs=CRS)
    steps = grid.precipitation.sizes["time"]
    own = with_distance(cells_of(grid, polygons)[0])
    bound = min(reading(store) for _ in range(4)) / steps  # the first finds no files in the system's cache
    values = grid.precipitation[:: steps // sample][:sample].load()
    x, y = values["x"].values, values["y"].values
    half = (x[1] - x[0]) / 2
    extent = (x[0] - half, y[0] - half, x[-1] + half, y[-1] + half)
    usual, zonal = exactextract_per_step(values.values, polygons, extent), xvec_per_step(values, polygons)
    count = sum(len(one.index) for one in own)
    stored = sum(file.stat().st_size for file in store.rglob("*") if file.is_file())
    found: dict = {
        "hours": steps,
        "cells_of_grid": values[0].size,
        "cells_of_basins": count,
        "megabytes_stored_per_step": stored / steps / 1e6,
        "read_ms_per_step": 1e3 * bound,
        "exactextract_ms_per_step": 1e3 * usual,
        "xvec_ms_per_step": 1e3 * zonal,
    }
    for cost, part in (("cheap", repeated(grid)), ("full", replace(grid, precipitation=grid.precipitation[:960]))):
        length = part.precipitation.sizes["time"]
        _, cpu = sweep(part, own, cost, 1)
        found[cost] = {
            "ratio_exactextract_per_step": usual / (cpu / length),
            "ratio_xvec": zonal / (cpu / length),
            "times_read_bound": cpu / length / bound,
            "cells_steps_per_core_s": count * length / cpu,
            "ms_per_step": 1e3 * cpu / length,
        }
    return found


def repeated(grid: Grid, times: int = 4) -> Grid:
    """The grid several times over, so that what a pass costs once does not show."""
    rain = xr.concat([grid.precipitation] * times, "time")
    hours = pd.date_range(rain["time"].values[0], periods=rain.sizes["time"], freq="h")
    return replace(grid, precipitation=rain.assign_coords(time=hours))


def workers(quick: bool) -> dict[str, float]:
    """Seconds of the cheap set with one worker and with two."""
    steps = 960 if quick else 3840
    with tempfile.TemporaryDirectory() as folder:
        grid = repeated(open_grid(rain_store(Path(folder) / "rain.zarr", steps, dry=False), crs=CRS))
        own = with_distance(cells_of(grid, basins())[0])
        return {str(count): sweep(grid, own, "cheap", count)[0] for count in (1, 2)}
