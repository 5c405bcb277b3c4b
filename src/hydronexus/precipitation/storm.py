"""The largest storm of a grid: its fields, the statistics through it, and the gauge's streamflow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import shapely
import xarray as xr

from hydronexus import archive
from hydronexus.config import PrecipitationGrid
from hydronexus.precipitation import example
from hydronexus.precipitation.cells import Cells
from hydronexus.precipitation.grids import Grid
from hydronexus.precipitation.lattice import Lattice
from hydronexus.precipitation.source import open_source, summed

FIELDS = 6
BEFORE, AFTER = (0.25, 6), (1.0, 24)  # shown around a storm: share of its length, and at least so many steps
MARGIN = 0.15  # of a basin's extent, around it
HALF = 0.5  # of the weight of the fullest cell, from which a cell is drawn as the basin's


@dataclass(frozen=True)
class Storm:
    """A storm over one basin.

    Parameters
    ----------
    event : pandas.Series
        Its row in the table of storms.
    statistics : xarray.Dataset
        Of the basin from before the storm to after it, dim time, as in the basin's store.
    fields : xarray.DataArray
        Precipitation around the basin on some of its steps, shape (time, y, x) [mm per step]; NaN where missing.
        x and y in km, or in degrees, as their attribute ``units`` says.
    outline : shapely.Geometry
        Of the basin's cells, in the coordinates of the fields.
    """

    event: pd.Series
    statistics: xr.Dataset
    fields: xr.DataArray
    outline: shapely.Geometry


def largest_storm(
    name: str, settings: PrecipitationGrid, names: Mapping[str, str] | None, storms: pd.DataFrame, folder: Path
) -> Storm:
    """The deepest storm of all basins of a grid.

    Parameters
    ----------
    name, settings, names
        As for :func:`hydronexus.precipitation.run.describe_grid`.
    storms : pandas.DataFrame
        All storms of the grid, one at least.
    folder : pathlib.Path
        Where the statistics and the cells of its basins are kept.

    Raises
    ------
    GridError, ConfigurationError
        If the grid cannot be read any more.
    """
    event = storms.astype({"start": "datetime64[ns]", "end": "datetime64[ns]"}).loc[storms["depth"].idxmax()]
    statistics = archive.read(folder / f"{event['basin']}.zarr.zip")
    first, last = (statistics.indexes["time"].get_loc(event[side]) for side in ("start", "end"))
    shown = shown_steps(statistics["mean"].to_numpy()[first : last + 1]) + first
    source = open_source(name, settings, names, folder / "cells")
    grid = summed(source.grid, settings.average) if settings.average else source.grid
    fields, outline = around(grid, source.cells[event["basin"]], statistics["time"].to_numpy()[shown])
    before, after = (max(least, round(share * (last - first + 1))) for share, least in (BEFORE, AFTER))
    window = slice(max(0, first - before), last + 1 + after)
    return Storm(event, statistics.isel(time=window), fields, outline)


def streamflow_at(
    basin: str, name: str, settings: PrecipitationGrid, forcing: Mapping[str, Path]
) -> xr.DataArray | None:
    """Observed streamflow of a basin of a grid, dim time, with ``units``; None where it is not known.

    Parameters
    ----------
    basin, name : str
        Of the basin, and of the grid.
    settings : PrecipitationGrid
    forcing : mapping of Path
        Forcing store by basin, for those that the study models.
    """
    if settings.path == "example":
        return example.streamflow().get(basin.removeprefix(f"{settings.dataset or name}_"))
    store = archive.read(forcing[basin]) if basin in forcing else xr.Dataset()
    if "streamflow" not in store:  # as in a quarantined basin's
        return None
    return store["streamflow"].assign_attrs(time_step_days=store.attrs["time_step_days"])


def shown_steps(rain: np.ndarray) -> np.ndarray:
    """Even steps through the eight tenths of a storm's rain that are not its beginning or end, its peak among them.

    Parameters
    ----------
    rain : numpy.ndarray
        Areal mean of each of its steps [mm per step].

    Returns
    -------
    numpy.ndarray of int
        Six of its steps, ascending; all of a shorter one.
    """
    fallen = np.cumsum(rain) / np.sum(rain)
    first, last = np.searchsorted(fallen, (0.1, 0.9))
    peak, stride = int(np.argmax(rain)), max(1, round((last - first) / (FIELDS - 1)))
    even = np.arange(peak % stride, len(rain), stride)
    begin = np.searchsorted(even, first - stride / 2).clip(max=max(0, len(even) - FIELDS))
    # Heavy rain may fall at the very beginning or end.
    begin = begin.clip(peak // stride - FIELDS + 1, peak // stride)
    return even[begin : begin + FIELDS]


def around(grid: Grid, cells: Cells, times: np.ndarray) -> tuple[xr.DataArray, shapely.Geometry]:
    """Precipitation in a square around a basin, loaded, and the outline of the basin's cells.

    Parameters
    ----------
    grid : Grid
    cells : Cells
        Of the basin.
    times : numpy.ndarray of datetime64
        Steps to load.

    Returns
    -------
    xarray.DataArray
        Shape (time, y, x) [mm per step]; x and y in degrees on a geographic grid, else in km.
    shapely.Geometry
        Around the cells that the basin covers by half or more, in the same coordinates.
    """
    lattice = grid.lattice
    column, row, columns, rows = _square(cells, lattice)
    (dy, dx), (own_y, own_x) = lattice.spacing, (lattice.y[0], lattice.x[0])
    if lattice.geographic:
        middle = own_x + dx * column.mean()
        own_x, size = own_x - 360 * np.floor((middle + 180) / 360), 1.0
        names = {"x": ("longitude", "degrees_east"), "y": ("latitude", "degrees_north")}
    else:
        size = lattice.crs.axis_info[0].unit_conversion_factor / 1e3
        names = {"x": ("easting", "km"), "y": ("northing", "km")}
    x, y = size * (own_x + dx * columns), size * (own_y + dy * rows)
    fields = grid.precipitation.sel(time=times).isel(y=rows, x=columns % lattice.shape[1]).load()
    fields = fields.assign_coords(x=x, y=y)
    for axis, (long_name, units) in names.items():
        fields[axis].attrs = {"long_name": long_name, "units": units}
    full = cells.weight >= HALF * cells.weight.max()
    # Each edge from its own number, so that neighbours share it to the last bit.
    west, east = (size * (own_x + dx * (column[full] + side)) for side in (-0.5, 0.5))
    first, second = (size * (own_y + dy * (row[full] + side)) for side in (-0.5, 0.5))
    return fields, shapely.union_all(shapely.box(west, first, east, second))


def _square(cells: Cells, lattice: Lattice) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Columns and rows of a basin's cells, and those of a square around it; columns may run on over the grid's seam."""
    rows, columns = lattice.shape
    dy, dx = np.abs(lattice.spacing)
    row, column = cells.row, cells.column
    wide = dx * np.cos(np.radians(lattice.y[row].mean())) / dy if lattice.geographic else dx / dy
    global_ = lattice.geographic and columns * dx > 360 - dx / 2
    if global_ and np.ptp(column) > columns / 2:
        column = np.where(column < columns / 2, column + columns, column)
    half = (0.5 + MARGIN) * max(np.ptp(row) + 1, wide * (np.ptp(column) + 1)) + 1
    middle_row, middle_column = (row.min() + row.max()) / 2, (column.min() + column.max()) / 2
    up, down = max(0, round(middle_row - half)), min(rows, round(middle_row + half) + 1)
    left, right = round(middle_column - half / wide), round(middle_column + half / wide) + 1
    if not global_:
        left, right = max(0, left), min(columns, right)
    return column, row, np.arange(left, right), np.arange(up, down)
