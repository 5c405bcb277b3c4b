"""Flow directions: the distance water flows from a cell to its basin's outlet, and the basins above outlets."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pyflwdir
import pyproj
import rasterio
import rasterio.features
import rasterio.windows
import scipy.spatial
import shapely

from hydronexus.errors import BasinError, GridError
from hydronexus.precipitation.cells import Cells
from hydronexus.precipitation.lattice import Lattice
from hydronexus.precipitation.stacks import raster_name

NOWHERE = 247  # pyflwdir's code for no direction
D8 = (1, 2, 4, 8, 16, 32, 64, 128)  # east and on clockwise
CONVENTIONS: Mapping[str, Mapping[int, int]] = {
    "d8": {code: code for code in D8} | {0: 0},
    "clockwise": {place + 1: D8[(place - 2) % 8] for place in range(8)} | {0: 0},
    "counterclockwise": {place + 1: D8[-place % 8] for place in range(8)} | {0: 0},
    "ldd": {6: 1, 3: 2, 2: 4, 1: 8, 4: 16, 7: 32, 8: 64, 9: 128, 5: 0},
}
DRAINED = 0.5  # least share of a basin that has to drain to its outlet
AREA_MISMATCH = 0.2  # of a given area, by which the area drawn may differ


class Outlet(NamedTuple):
    """Where a basin ends, in the reference system of the flow directions, and its area where known [km2]."""

    x: float
    y: float
    area: float | None = None


@dataclass(frozen=True)
class FlowDirections:
    """Directions of steepest descent to one of eight neighbours.

    Parameters
    ----------
    path : str
        Raster file.
    convention : str
        Key of ``CONVENTIONS``.
    transform : affine.Affine
        From column and row to x and y.
    crs : pyproj.CRS
    shape : tuple of int
        Rows and columns.
    """

    path: str
    convention: str
    transform: rasterio.Affine
    crs: pyproj.CRS
    shape: tuple[int, int]

    @cached_property
    def digest(self) -> str:
        """Hash of the whole raster and its convention."""
        with rasterio.open(self.path) as file:
            digest = hashlib.sha256(f"{self.convention}|{self.transform}|{self.crs.to_wkt()}|{self.shape}".encode())
            for _, window in file.block_windows(1):
                digest.update(np.ascontiguousarray(file.read(1, window=window)).tobytes())
        return digest.hexdigest()

    @cached_property
    def lattice(self) -> Lattice:
        """Where the raster's places are."""
        rows, columns = (np.arange(count) + 0.5 for count in self.shape)
        y, x = self.transform.f + self.transform.e * rows, self.transform.c + self.transform.a * columns
        return Lattice(y, x, self.crs, self.path)

    def read(self, window: rasterio.windows.Window | None = None) -> np.ndarray:
        """Directions as pyflwdir's D8 codes, uint8, shape (y, x)."""
        with rasterio.open(self.path) as file:
            codes = file.read(1, window=window)
        found = np.full(codes.shape, NOWHERE, np.uint8)
        for code, direction in CONVENTIONS[self.convention].items():
            found[codes == code] = direction
        return found


def open_flow_directions(path: str | Path, convention: str = "d8") -> FlowDirections:
    """Open a raster of flow directions.

    Parameters
    ----------
    path : str or Path
        Any raster GDAL opens; ``archive!member`` is a file inside a ZIP archive.
    convention : str
        ``d8``: 1 is east, 2 south-east, 4 south and so on to 128 (ESRI, HydroSHEDS); ``clockwise``: 1 is north, 2
        north-east and so on to 8; ``counterclockwise``: 1 is east, 2 north-east and so on to 8 (TauDEM); ``ldd``:
        places of a numeric keypad (PCRaster). Any other code is no direction.

    Raises
    ------
    GridError
        If the raster cannot be read, has no reference system, or holds codes of another convention.
    """
    if convention not in CONVENTIONS:
        raise GridError(f"{path}: no convention '{convention}' of flow directions; take {', '.join(CONVENTIONS)}")
    name = raster_name(path)
    try:
        with rasterio.open(name) as file:
            transform, crs, shape = file.transform, file.crs, file.shape
    except rasterio.errors.RasterioIOError as error:
        raise GridError(f"{path}: no raster of flow directions there: {error}") from None
    if crs is None:
        raise GridError(f"{path}: no coordinate reference system in the raster; write it there (gdal_edit -a_srs)")
    return FlowDirections(name, convention, transform, pyproj.CRS.from_user_input(crs), shape)


def flow_distance(
    directions: FlowDirections, cells: Cells, polygon: shapely.Geometry, crs: Any, lattice: Lattice
) -> np.ndarray:
    """Flow distance from each cell of a basin to the basin's outlet.

    Parameters
    ----------
    directions : FlowDirections
        Finer or coarser than the grid, in any reference system.
    cells : Cells
        Of the basin, on the grid.
    polygon : shapely.Geometry
        Of the basin.
    crs : pyproj.CRS
        Of the polygon.
    lattice : Lattice
        Of the grid.

    Returns
    -------
    numpy.ndarray of float64
        [km], shape (cell,). The mean over the places in the cell that drain to the outlet; a cell with none takes the
        distance of the nearest such place.

    Raises
    ------
    BasinError
        If the raster does not cover the basin, or less than half of what it covers drains to one outlet.

    Notes
    -----
    The outlet is the place in the polygon with most places above it. Only flow inside the polygon counts, so that a
    larger river that touches its edge is not taken for the outlet.
    """
    shape, window = _window(directions, cells.basin, polygon, crs)
    transform = rasterio.windows.transform(window, directions.transform)
    codes = directions.read(window)
    inside = rasterio.features.geometry_mask([shape], codes.shape, transform, invert=True)
    if not inside.any():  # a polygon that holds the middle of no place
        inside = rasterio.features.geometry_mask([shape], codes.shape, transform, invert=True, all_touched=True)
    codes[~inside] = NOWHERE
    if (codes == NOWHERE).all():
        raise BasinError(
            cells.basin, f"{directions.path} holds no flow direction in its polygon; take another raster, or go without"
        )
    network = pyflwdir.from_array(codes, ftype="d8", check_ftype=False)
    above = network.upstream_area(unit="cell")
    outlet = int(np.argmax(above))
    drained = network.basins(idxs=np.array([outlet])) > 0
    if drained.sum() < DRAINED * inside.sum():
        raise BasinError(
            cells.basin,
            f"only {drained.sum() / inside.sum():.0%} of its polygon drains to one outlet by the flow directions in "
            f"{directions.path}; check their convention ('{directions.convention}') and their reference system",
        )
    offset = np.array([window.row_off, window.col_off], int)
    length = _length_of_steps(network, directions.lattice, offset)
    distance = network.accuflux(length, direction="down")[drained]
    return _to_cells(distance, np.argwhere(drained) + offset, directions.lattice, cells, lattice)


def basins_above(
    directions: FlowDirections, outlets: Mapping[str, Outlet], reach: int = 1
) -> tuple[gpd.GeoDataFrame, dict[str, BasinError]]:
    """Polygons of the basins above outlets, as flow directions draw them.

    Parameters
    ----------
    directions : FlowDirections
    outlets : mapping of str to Outlet
        By basin. Basins may be nested.
    reach : int
        Places around an outlet among which it may be moved: to the nearest whose upstream area is the given one within
        20 %, or to the one with the largest where none is given.

    Returns
    -------
    geopandas.GeoDataFrame
        Columns ``basin`` and ``geometry``, as from :func:`hydronexus.precipitation.polygons.read_polygons`.
    dict of str to BasinError
        Basins whose outlet is outside the raster, or whose area is nowhere near the given one.
    """
    network = pyflwdir.from_array(directions.read(), ftype="d8", check_ftype=False)
    above = network.accuflux(directions.lattice.cell_area(*np.indices(directions.shape)))
    found, failed = {}, {}
    for basin, outlet in outlets.items():
        try:
            place = _snap(basin, outlet, above, directions, reach)
        except BasinError as error:
            failed[basin] = error
            continue
        drained = network.basins(idxs=np.array([place])) > 0
        parts = rasterio.features.shapes(drained.astype(np.uint8), mask=drained, transform=directions.transform)
        found[basin] = shapely.union_all([shapely.geometry.shape(shape) for shape, _ in parts])
    return gpd.GeoDataFrame({"basin": list(found)}, geometry=list(found.values()), crs=directions.crs), failed


def _snap(basin: str, outlet: Outlet, above: np.ndarray, directions: FlowDirections, reach: int) -> int:
    """Place of an outlet in the flattened raster."""
    rows, columns = directions.shape
    row, column = rasterio.transform.rowcol(directions.transform, outlet.x, outlet.y)
    if not (0 <= row < rows and 0 <= column < columns):
        raise BasinError(
            basin,
            f"its outlet ({outlet.x}, {outlet.y}) lies outside {directions.path}; give it in {directions.crs.name}",
        )
    around = np.array(
        [(r, c) for r in range(row - reach, row + reach + 1) for c in range(column - reach, column + reach + 1)]
    )
    around = around[((around >= 0) & (around < directions.shape)).all(axis=1)]
    around = around[np.argsort(np.hypot(*(around - [row, column]).T), kind="stable")]
    area = above[tuple(around.T)]
    if outlet.area is None:
        best = np.argmax(area)
    elif (near := np.abs(area - outlet.area) <= AREA_MISMATCH * outlet.area).any():
        best = np.argmax(near)
    else:
        closest = area[np.argmin(np.abs(area - outlet.area))]
        raise BasinError(
            basin,
            f"no place within {reach} of its outlet ({outlet.x}, {outlet.y}) drains the given {outlet.area} km2 by "
            f"{directions.path}; the closest drains {closest:.1f} km2. Correct the outlet, or take a longer reach",
        )
    return int(np.ravel_multi_index(around[best], directions.shape))


def _window(
    directions: FlowDirections, basin: str, polygon: shapely.Geometry, crs: Any
) -> tuple[shapely.Geometry, rasterio.windows.Window]:
    """The polygon in the raster's reference system, and the part of the raster around it."""
    transformer = pyproj.Transformer.from_crs(crs, directions.crs, always_xy=True)
    shape = shapely.transform(polygon, transformer.transform, interleaved=False)
    try:
        with rasterio.open(directions.path) as file:
            return shape, rasterio.features.geometry_window(file, [shape])
    except rasterio.errors.WindowError:
        raise BasinError(
            basin, f"the flow directions in {directions.path} do not cover it; take a larger raster, or go without"
        ) from None


def _length_of_steps(network: pyflwdir.FlwdirRaster, lattice: Lattice, offset: np.ndarray) -> np.ndarray:
    """Way from each place to the next one downstream [km]; zero where there is none."""
    row, column = np.indices(network.shape).reshape(2, -1)
    below = np.where(network.idxs_ds < 0, np.arange(network.size), network.idxs_ds)
    longitude, latitude = lattice.longitude_latitude(row + offset[0], column + offset[1])
    _, _, metres = lattice.crs.get_geod().inv(longitude, latitude, longitude[below], latitude[below])
    return metres.reshape(network.shape) / 1e3


def _to_cells(distance: np.ndarray, places: np.ndarray, raster: Lattice, cells: Cells, lattice: Lattice) -> np.ndarray:
    """Mean distance of the places in each cell; the nearest place's where there is none."""
    to_grid = pyproj.Transformer.from_crs(raster.crs, lattice.crs, always_xy=True)
    x, y = to_grid.transform(raster.x[places[:, 1]], raster.y[places[:, 0]])
    row, column = lattice.cells_at(x, y)
    cell = np.minimum(np.searchsorted(cells.index, row * lattice.shape[1] + column), cells.index.size - 1)
    within = (row >= 0) & (cells.row[cell] == row) & (cells.column[cell] == column)
    count = np.bincount(cell[within], minlength=cells.index.size)
    total = np.bincount(cell[within], distance[within], cells.index.size)
    east = lattice.x[cells.column]
    if lattice.geographic:
        east, x = (origin - 360 * np.rint((origin - east[0]) / 360) for origin in (east, x))
    _, nearest = scipy.spatial.cKDTree(np.column_stack([x, y])).query(np.column_stack([east, lattice.y[cells.row]]))
    return np.where(count > 0, total / np.maximum(count, 1), distance[nearest])
