"""A configured grid with the cells of its basins."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from hydronexus.config import PrecipitationGrid, fit_for_files
from hydronexus.errors import BasinError, ConfigurationError
from hydronexus.precipitation import example, polygons
from hydronexus.precipitation.cells import Cells
from hydronexus.precipitation.flow import open_flow_directions
from hydronexus.precipitation.grids import Grid, open_grid
from hydronexus.precipitation.weights import cells_of, cells_of_fractions

RASTERS = (".tif", ".tiff")


@dataclass(frozen=True)
class Source:
    """A grid and its basins.

    Parameters
    ----------
    grid : Grid
        Summed to the configured step.
    cells : dict of Cells
        By basin.
    failed : dict of BasinError
        Basins without cells.
    """

    grid: Grid
    cells: dict[str, Cells]
    failed: dict[str, BasinError]


def open_source(name: str, settings: PrecipitationGrid, names: Mapping[str, str] | None, cache: Path) -> Source:
    """Open a configured grid and find its basins' cells.

    Parameters
    ----------
    name : str
        Of the grid.
    settings : PrecipitationGrid
    names : mapping of str, optional
        Full name by id of the only basins to describe; all, as `{name}_{id}`, if not given.
    cache : pathlib.Path
        Folder for cells, which are found once per grid and set of basins.

    Raises
    ------
    GridError, ConfigurationError
        If the grid, its flow directions or the file of polygons cannot be used.
    """
    if settings.path == "example":
        grid = example.grid()
        basins, directions = example.basins()
    else:
        grid = open_grid(
            settings.path,
            settings.variable,
            units=settings.units,
            scale=settings.scale,
            crs=settings.crs,
            storage_options=settings.storage_options,
        )
        directions = settings.flow_directions and open_flow_directions(
            settings.flow_directions, settings.flow_convention
        )
        basins = None if settings.fractions else _polygons(settings)
    if basins is None:
        cells, failed = cells_of_fractions(grid, _fractions(settings))
    else:
        if names is not None:
            basins = basins[basins["basin"].isin(list(names))]
        cells, failed = cells_of(grid, basins, directions, cache=cache)
    if names is None:
        names = {basin: f"{name}_{basin}" for basin in (*cells, *failed)}
        failed |= _unfit(cells)
        cells = {basin: own for basin, own in cells.items() if basin not in failed}
    failed |= {
        basin: BasinError(basin, f"no polygon has this id in {settings.polygons}")
        for basin in names
        if basin not in cells and basin not in failed
    }
    return Source(
        summed(grid, settings.step) if settings.step else grid,
        {names[basin]: replace(own, basin=names[basin]) for basin, own in cells.items() if basin in names},
        {names[basin]: BasinError(names[basin], error.problem) for basin, error in failed.items() if basin in names},
    )


def summed(grid: Grid, step: str) -> Grid:
    """The grid with precipitation summed to a longer step; a step with any missing part is missing.

    Parameters
    ----------
    grid : Grid
    step : str
        Such as ``1D`` or ``3h``; a multiple of the grid's own. Steps begin where it divides the day, and parts of one
        at either end of the record are left out.

    Raises
    ------
    ConfigurationError
        If the step is no multiple of the grid's.
    """
    own, wanted = pd.Timedelta(days=grid.step).round("s"), pd.Timedelta(step)
    count, rest = divmod(wanted, own)
    if rest or count < 1:
        raise ConfigurationError(f"{grid.source}: step {step} is no multiple of the grid's own of {own}")
    if count == 1:
        return grid
    rain = grid.precipitation
    times = rain.indexes["time"]
    first = int((times.floor(wanted) == times).argmax())
    whole = rain.isel(time=slice(first, first + (len(times) - first) // count * count))
    total = whole.coarsen(time=count, coord_func="min").reduce(np.sum)  # which keeps a missing part missing
    days = wanted / pd.Timedelta("1D")
    return replace(grid, precipitation=total.assign_attrs(rain.attrs | {"time_step_days": days}), step=days)


def _polygons(settings: PrecipitationGrid):
    if settings.polygons.suffix.lower() in RASTERS:
        return polygons.read_mask(settings.polygons)
    return polygons.read_polygons(settings.polygons, settings.id_column)


def _unfit(ids: Iterable[str]) -> dict[str, BasinError]:
    """Ids that no file of results may be named after, as they come from files and might lead to another folder."""
    failed = {}
    for basin in ids:
        try:
            fit_for_files(basin)
        except ValueError as error:
            failed[basin] = BasinError(basin, f"{error}; rename it in the file of polygons")
    return failed


def _fractions(settings: PrecipitationGrid) -> dict[str, xr.DataArray]:
    path = settings.path if isinstance(settings.path, str) else settings.path[0]
    with xr.open_dataset(path) as dataset:
        if missing := [name for name in settings.fractions.values() if name not in dataset]:
            raise ConfigurationError(
                f"{path}: no variable '{missing[0]}' of cell fractions; there are: {', '.join(map(str, dataset))}"
            )
        return {basin: dataset[name].load() for basin, name in settings.fractions.items()}
