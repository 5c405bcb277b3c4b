"""Cells of basins on a grid with their weights: exact coverage times cell area, computed once and then read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pyproj
import shapely
import xarray as xr
from exactextract import exact_extract
from exactextract.feature import JSONFeatureSource
from exactextract.raster import NumPyRasterSource

from hydronexus import archive
from hydronexus.errors import BasinError
from hydronexus.precipitation import flow, polygons
from hydronexus.precipitation.cells import Cells
from hydronexus.precipitation.lattice import Lattice

if TYPE_CHECKING:
    from hydronexus.precipitation.grids import Grid

VERSION = 1  # of what is stored; raise it when weights change
ROUNDING = 1e-6  # of a cell: coverage below it is noise of single precision
VERTICES = 1000  # along a polygon's edge where it is reprojected, for straight edges bend
BY_CELL = ("index", "weight", "row", "column", "x", "y", "distance")
BY_BASIN = ("cell_size", "area", "inside")

Outcome = tuple[dict[str, Cells], dict[str, BasinError]]


def cells_of(
    grid: Grid,
    basins: gpd.GeoDataFrame,
    flow_directions: flow.FlowDirections | None = None,
    *,
    minimum_inside: float = 0.9,
    cache: str | Path | None = None,
) -> Outcome:
    """Cells that basins cover, with weights.

    Parameters
    ----------
    grid : Grid
    basins : geopandas.GeoDataFrame
        Columns ``basin`` and ``geometry``, in any reference system; polygons may overlap.
    flow_directions : FlowDirections, optional
        Gives cells their flow distance to the basin's outlet.
    minimum_inside : float
        Share of a polygon that the grid has to cover [-].
    cache : str or Path, optional
        Folder; what is computed is stored there and read again for the same grid, polygons and flow directions.

    Returns
    -------
    dict of str to Cells
        Basins whose weights are known.
    dict of str to BasinError
        Basins that have none, and why: an id that occurs twice, an invalid polygon, a polygon outside the grid or with
        less than the minimum inside, flow directions that do not drain it.
    """
    file = (
        Path(cache) / f"cells_{_digest(grid.lattice, basins, flow_directions, minimum_inside)}.zarr.zip"
        if cache
        else None
    )
    if file and file.is_file():
        return load(file)
    to_grid = pyproj.Transformer.from_crs(basins.crs, grid.crs, always_xy=True)
    twice = set(basins.basin[basins.basin.duplicated()])
    found, failed = {}, {}
    for basin, geometry in zip(basins.basin, basins.geometry, strict=True):
        try:
            if basin in twice:
                raise BasinError(basin, "several polygons have its id; dissolve them to one, or give each its own id")
            polygon = polygons.sound(basin, geometry)
            cells = _on_grid(basin, _bent(basin, polygon, to_grid), grid.lattice, minimum_inside)
            if flow_directions is not None:
                distance = flow.flow_distance(flow_directions, cells, polygon, basins.crs, grid.lattice)
                cells = replace(cells, distance=distance)
            found[basin] = cells
        except BasinError as error:
            failed[basin] = error
    if file:
        save(file, found, failed)
    return found, failed


def cells_of_fractions(grid: Grid, fractions: Mapping[str, np.ndarray | xr.DataArray]) -> Outcome:
    """Cells of basins whose fraction in every cell is given, as some grids come with.

    Parameters
    ----------
    grid : Grid
    fractions : mapping of str to array
        Share of each cell that lies in the basin [-], shape (y, x), on the grid's own axes.

    Returns
    -------
    dict of str to Cells, dict of str to BasinError
        As from :func:`cells_of`.
    """
    found, failed = {}, {}
    for basin, fraction in fractions.items():
        try:
            values = np.nan_to_num(np.asarray(fraction, float))
            if values.shape != grid.lattice.shape:
                raise BasinError(
                    basin,
                    f"its cell fractions have shape {values.shape}, the grid {grid.lattice.shape} (y, x); "
                    f"they must agree",
                )
            if values.min() < 0 or values.max() > 1 + ROUNDING or not values.any():
                raise BasinError(
                    basin,
                    f"cell fractions must lie between 0 and 1 and not all be 0; found {values.min()} to {values.max()}",
                )
            index = np.flatnonzero(values)
            found[basin] = _weighted(basin, index, values.ravel()[index], grid.lattice, inside=1.0)
        except BasinError as error:
            failed[basin] = error
    return found, failed


def coverage(lattice: Lattice, polygon: shapely.Geometry) -> tuple[np.ndarray, np.ndarray]:
    """Share of each cell that a polygon covers, exactly.

    Parameters
    ----------
    lattice : Lattice
    polygon : shapely.Geometry
        In the lattice's reference system; longitudes may be off by a whole turn, and the polygon may lie across the
        meridian where the lattice begins.

    Returns
    -------
    index : numpy.ndarray of int64
        Cells flattened row by row, ascending.
    share : numpy.ndarray of float64
        [-], shape (cell,).

    References
    ----------
    Baston, exactextract, https://github.com/isciences/exactextract
    """
    (rows, columns), (dy, dx) = lattice.shape, lattice.spacing
    nowhere = np.broadcast_to(np.int8(0), lattice.shape)  # exactextract wants values, and this takes no memory
    wkt = lattice.crs.to_wkt()
    raster = NumPyRasterSource(nowhere, *lattice.bounds, srs_wkt=wkt)
    places, shares = [np.empty(0, np.int64)], [np.empty(0)]
    for turn in (-360, 0, 360) if lattice.geographic else (0,):
        moved = shapely.transform(polygon, lambda points, turn=turn: points + np.array([turn, 0]))
        feature = {"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(moved)}
        result = exact_extract(raster, JSONFeatureSource(feature, srs_wkt=wkt), ["cell_id", "coverage"])
        place, share = (result[0]["properties"][name] for name in ("cell_id", "coverage"))
        row, column = np.divmod(np.asarray(place, np.int64), columns)  # of a raster that begins in the north-west
        row, column = (rows - 1 - row if dy > 0 else row), (columns - 1 - column if dx < 0 else column)
        places.append(row * columns + column)
        shares.append(np.asarray(share, float))
    index, cell = np.unique(np.concatenate(places), return_inverse=True)
    share = np.bincount(cell, np.concatenate(shares), index.size)
    kept = share > ROUNDING * share.max(initial=0)
    return index[kept], share[kept]


def save(path: Path, found: Mapping[str, Cells], failed: Mapping[str, BasinError]) -> None:
    """Store cells of many basins one behind the other in one file; it appears whole or not at all."""
    attrs = {"failed": {basin: error.problem for basin, error in failed.items()}}
    dataset = xr.Dataset(attrs=attrs)
    if found:
        cells = list(found.values())
        known = [name for name in BY_CELL if getattr(cells[0], name) is not None]
        dataset = dataset.assign(
            {name: ("cell", np.concatenate([getattr(one, name) for one in cells])) for name in known}
            | {name: ("basin", np.array([getattr(one, name) for one in cells])) for name in BY_BASIN}
            | {
                "name": ("basin", np.array(list(found))),
                "count": ("basin", np.array([one.index.size for one in cells])),
            }
        )
    archive.write(dataset, path)


def load(path: Path) -> Outcome:
    """Read what :func:`save` stored."""
    dataset = archive.read(path)
    failed = {basin: BasinError(basin, problem) for basin, problem in dataset.attrs["failed"].items()}
    if "name" not in dataset:
        return {}, failed
    names = [str(name) for name in dataset["name"].values]
    ends = np.cumsum(dataset["count"].values)[:-1]
    by_cell = {name: np.split(dataset[name].values, ends) for name in BY_CELL if name in dataset}
    by_basin = {name: dataset[name].values.tolist() for name in BY_BASIN}
    found = {
        basin: Cells(
            basin=basin,
            **{"distance": None} | {name: parts[place] for name, parts in by_cell.items()},
            **{name: values[place] for name, values in by_basin.items()},
        )
        for place, basin in enumerate(names)
    }
    return found, failed


def _on_grid(basin: str, polygon: shapely.Geometry, lattice: Lattice, minimum_inside: float) -> Cells:
    index, share = coverage(lattice, polygon) if np.isfinite(polygon.bounds).all() else (np.empty(0, int), np.empty(0))
    dy, dx = lattice.spacing
    inside = min(1.0, share.sum() * abs(dy * dx) / polygon.area)
    if inside < minimum_inside or not index.size:
        raise BasinError(
            basin,
            f"{f'only {inside:.0%} of it lies inside' if index.size else 'it lies outside'} the grid {lattice.source}: "
            f"its polygon spans {_span(polygon.bounds)}, the grid {_span(lattice.bounds)}, in the grid's reference "
            f"system. Check both reference systems, take a larger grid, or lower `minimum_inside` ({minimum_inside})",
        )
    return _weighted(basin, index, share, lattice, inside)


def _weighted(basin: str, index: np.ndarray, share: np.ndarray, lattice: Lattice, inside: float) -> Cells:
    row, column = np.divmod(index, lattice.shape[1])
    size = lattice.cell_area(row, column)
    area = share * size
    x, y = lattice.plane(row, column)
    return Cells(
        basin=basin,
        index=index,
        weight=area / area.sum(),
        row=row,
        column=column,
        x=x,
        y=y,
        distance=None,
        cell_size=float(np.sqrt(size.mean())),
        area=float(area.sum()),
        inside=float(inside),
    )


def _bent(basin: str, polygon: shapely.Geometry, transformer: pyproj.Transformer) -> shapely.Geometry:
    """The polygon in another reference system, its long straight edges bent as they are there."""
    if transformer.source_crs == transformer.target_crs:
        return polygon
    fine = shapely.segmentize(polygon, polygon.length / VERTICES)
    moved = shapely.transform(fine, transformer.transform, interleaved=False)
    if not np.isfinite(shapely.get_coordinates(moved)).all():
        raise BasinError(
            basin,
            f"its polygon ({_span(polygon.bounds)}) has no place in the grid's reference system, "
            f"{transformer.target_crs.name}; correct the polygon, or the reference system its file names",
        )
    return moved if moved.is_valid else shapely.make_valid(moved)


def _span(bounds: tuple[float, float, float, float]) -> str:
    west, south, east, north = bounds
    return f"x {west:.6g} to {east:.6g}, y {south:.6g} to {north:.6g}"


def _digest(
    lattice: Lattice, basins: gpd.GeoDataFrame, flow_directions: flow.FlowDirections | None, minimum_inside: float
) -> str:
    digest = hashlib.sha256(f"{VERSION}|{lattice.digest}|{basins.crs.to_wkt()}|{minimum_inside}".encode())
    for basin, geometry in zip(basins.basin, basins.geometry, strict=True):
        digest.update(f"|{basin}|".encode() + (b"" if geometry is None else shapely.to_wkb(geometry)))
    digest.update(flow_directions.digest.encode() if flow_directions else b"")
    return digest.hexdigest()[:16]
