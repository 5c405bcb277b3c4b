"""Describe the rain over the basins of a configured grid and keep the results, basin by basin."""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import xarray as xr

from hydronexus import archive
from hydronexus.config import PrecipitationGrid, Workers
from hydronexus.errors import BasinError, DamagedResultError
from hydronexus.precipitation.cells import Cells
from hydronexus.precipitation.cluster import client_of
from hydronexus.precipitation.driver import Sweep
from hydronexus.precipitation.events import events
from hydronexus.precipitation.grids import Grid
from hydronexus.precipitation.source import open_source
from hydronexus.precipitation.statistics import OUTPUTS, chosen
from hydronexus.precipitation.summary import averaged, spell_lengths, summary

log = logging.getLogger(__name__)
FACTS = ("basin", "grid", "cells", "cell_size_km", "area_km2", "wet_threshold_mm_per_step")  # of attributes, in tables


def describe_grid(
    name: str,
    settings: PrecipitationGrid,
    workers: Workers,
    names: Mapping[str, str] | None,
    identity: str,
    folder: Path,
    threads: int | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, BasinError]]:
    """Statistics of precipitation of every basin of a grid, one file each; those that are there are left alone.

    Parameters
    ----------
    name : str
        Of the grid.
    settings : PrecipitationGrid
    workers : Workers
    names : mapping of str, optional
        Full name by id of the only basins to describe; all if not given.
    identity : str
        Of the grid's files and of this code; results of another one are made anew.
    folder : pathlib.Path
        For `{basin}.zarr.zip`; what is under way, and cells, are kept in it too.
    threads : int, optional
        Cores to use at most.

    Returns
    -------
    summaries, events : pandas.DataFrame
        Of all basins: rain-weighted means by season and by class of intensity; storms.
    failed : dict of BasinError
        Basins without results, and why.
    """
    source = open_source(name, settings, names, folder / "cells")
    files = {basin: folder / f"{basin}.zarr.zip" for basin in source.cells}
    marks = {basin: _mark(cells, settings, identity) for basin, cells in source.cells.items()}
    missing = [basin for basin, path in files.items() if not path.exists() or _marked(path) != marks[basin]]
    if missing:
        cells = [source.cells[basin] for basin in missing]
        families = chosen(settings.statistics, cells[0].distance is not None)
        sweep = Sweep(source.grid, cells, families, settings.wet_threshold, folder / "sweeps", identity)
        with client_of(workers, threads, folder / "workers") as client:
            statistics = sweep.run(client)
        for basin in missing:
            own = statistics.sel(basin=basin, drop=True)
            if settings.average:
                own = averaged(own, settings.average)
            attrs = _attributes(name, source.grid, source.cells[basin], settings) | {"mark": marks[basin]}
            archive.write(_described(own).assign_attrs(attrs), files[basin])
        sweep.clear()
        log.info("%s: described %d basins with %d statistics", name, len(missing), len(statistics.data_vars))
    found = {basin: archive.read(path) for basin, path in files.items()}
    summaries = [
        _labelled(table, dataset, FACTS)
        for dataset in found.values()
        for table in (summary(dataset), spell_lengths(dataset, settings.wet_threshold))
    ]
    storms = [_labelled(events(dataset, settings.wet_threshold), dataset, FACTS[:2]) for dataset in found.values()]
    return _together(summaries), _together(storms), source.failed


def _described(statistics: xr.Dataset) -> xr.Dataset:
    """Statistics with what they are in their attributes."""
    for name, values in statistics.data_vars.items():
        output = OUTPUTS[str(name)]
        values.attrs = {"units": output.units, "long_name": output.long_name}
        if output.reference:
            values.attrs["references"] = output.reference
    return statistics


def _attributes(name: str, grid: Grid, cells: Cells, settings: PrecipitationGrid) -> dict[str, str | float]:
    """What statistics of heterogeneity depend on."""
    return {
        "basin": cells.basin,
        "grid": name,
        "source": grid.source,
        "time_step_days": pd.Timedelta(settings.average) / pd.Timedelta("1D") if settings.average else grid.step,
        "wet_threshold_mm_per_step": settings.wet_threshold,
        "cells": len(cells.index),
        "cell_size_km": cells.cell_size,
        "area_km2": cells.area,
        "share_inside_grid": cells.inside,
    }


def _mark(cells: Cells, settings: PrecipitationGrid, identity: str) -> str:
    """Digest of all that decides a basin's results."""
    digest = hashlib.sha256(identity.encode())
    # Where the basins come from shows in the cells.
    own = settings.model_dump(mode="json", exclude={"polygons", "id_column", "fractions", "dataset"})
    digest.update(json.dumps(own, sort_keys=True).encode())
    digest.update(cells.index.tobytes() + cells.weight.tobytes())
    if cells.distance is not None:
        digest.update(cells.distance.tobytes())
    return digest.hexdigest()[:16]


def _marked(path: Path) -> str | None:
    try:
        return archive.attributes(path).get("mark")
    except DamagedResultError:  # made anew
        return None


def _labelled(table: pd.DataFrame, dataset: xr.Dataset, facts: Sequence[str]) -> pd.DataFrame:
    """A table with some of a basin's attributes as its first columns."""
    for place, fact in enumerate(facts):
        table.insert(place, fact, dataset.attrs[fact])
    return table


def _together(tables: list[pd.DataFrame]) -> pd.DataFrame:
    tables = [table for table in tables if len(table)]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame({"basin": []})
