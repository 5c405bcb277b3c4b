"""The horizontal lattice of a grid: where its cells are, and how large."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyproj

from hydronexus.errors import GridError

EARTH_RADIUS = 6371.0072  # km, of the sphere with the area of WGS 84
UNEVEN = 0.01  # of a cell: what single-precision coordinates may be off by


@dataclass(frozen=True)
class Lattice:
    """Even rows and columns in a coordinate reference system.

    Parameters
    ----------
    y, x : numpy.ndarray of float64
        Cell centres in units of the system, ascending or descending.
    crs : pyproj.CRS
    source : str
        File, for messages.

    Raises
    ------
    GridError
        If an axis is not even, or does not fit the reference system.
    """

    y: np.ndarray
    x: np.ndarray
    crs: pyproj.CRS
    source: str

    def __post_init__(self):
        if self.y.size == self.x.size == 1:
            raise GridError(f"{self.source}: a single cell says nothing about the size of cells")
        for name, axis, step in (("y", self.y, self.spacing[0]), ("x", self.x, self.spacing[1])):
            even = axis[0] + step * np.arange(axis.size)
            if step == 0 or not np.allclose(axis, even, rtol=0, atol=UNEVEN * abs(step)):
                raise GridError(
                    f"{self.source}: the {name} axis is not evenly spaced; regrid it to an even lattice, "
                    f"for example with xarray's interp or rioxarray's reproject"
                )
        if self.geographic and np.abs(self.y).max() > 90:
            raise GridError(
                f"{self.source}: y runs from {self.y[0]} to {self.y[-1]}, which are no latitudes; "
                f"set `crs` to the grid's own"
            )

    @property
    def geographic(self) -> bool:
        """Whether axes are in degrees."""
        return self.crs.is_geographic

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.y.size, self.x.size

    @cached_property
    def spacing(self) -> tuple[float, float]:
        """Signed steps of y and x; cells of a single row or column are square."""
        steps = [(axis[-1] - axis[0]) / (axis.size - 1) if axis.size > 1 else None for axis in (self.y, self.x)]
        return steps[0] or abs(steps[1]), steps[1] or abs(steps[0])

    @cached_property
    def bounds(self) -> tuple[float, float, float, float]:
        """Outer edges: smallest x and y, largest x and y."""
        (dy, dx), half = self.spacing, 0.5
        x = sorted((self.x[0] - half * dx, self.x[-1] + half * dx))
        y = sorted((self.y[0] - half * dy, self.y[-1] + half * dy))
        return x[0], y[0], x[1], y[1]

    @cached_property
    def digest(self) -> str:
        """Hash of axes and reference system."""
        digest = hashlib.sha256(self.crs.to_wkt().encode())
        for axis in (self.y, self.x):
            digest.update(np.ascontiguousarray(axis, dtype="<f8").tobytes())
        return digest.hexdigest()

    def cell_area(self, row: np.ndarray, column: np.ndarray) -> np.ndarray:
        """Area of cells [km2].

        Notes
        -----
        On latitude and longitude the sphere's R^2 dlon (sin north - sin south). On a projected grid the area in the
        plane over the projection's areal scale there: cells of the polar stereographic grids of weather services are a
        quarter smaller at 40 degrees north than at 60.
        """
        dy, dx = np.abs(self.spacing)
        y = self.y[row]
        if self.geographic:
            south, north = np.radians(np.clip([y - dy / 2, y + dy / 2], -90, 90))
            return EARTH_RADIUS**2 * np.radians(dx) * (np.sin(north) - np.sin(south))
        longitude, latitude = self.longitude_latitude(row, column)
        scale = pyproj.Proj(self.crs).get_factors(longitude, latitude, errcheck=True).areal_scale
        metres = self.crs.axis_info[0].unit_conversion_factor
        return dx * dy * metres**2 / 1e6 / np.asarray(scale)

    def longitude_latitude(self, row: np.ndarray, column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Cell centres in degrees east and north."""
        transformer = pyproj.Transformer.from_crs(self.crs, "OGC:CRS84", always_xy=True)
        return transformer.transform(self.x[column], self.y[row])

    def plane(self, row: np.ndarray, column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Cell centres on an equal-area plane around their middle [km]: x eastward, y northward.

        Notes
        -----
        Lambert's azimuthal equal-area projection, on the sphere where cell areas are the sphere's, else on the
        ellipsoid of the grid.
        """
        longitude, latitude = self.longitude_latitude(row, column)
        away = (longitude - longitude[0] + 180) % 360 - 180  # a basin may lie across the seam of the grid
        centre = longitude[0] + away.mean()
        ellipsoid = self.crs.ellipsoid
        body = (
            {"R": EARTH_RADIUS * 1e3}
            if self.geographic
            else {"a": ellipsoid.semi_major_metre, "b": ellipsoid.semi_minor_metre}
        )
        x, y = pyproj.Proj(proj="laea", lon_0=centre, lat_0=latitude.mean(), **body)(longitude, latitude)
        return np.asarray(x) / 1e3, np.asarray(y) / 1e3

    def cells_at(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Row and column of the cells that hold points; -1 outside.

        Parameters
        ----------
        x, y : numpy.ndarray
            In the lattice's reference system; a longitude may be off by whole turns.
        """
        (dy, dx), (rows, columns) = self.spacing, self.shape
        if self.geographic:
            west = self.bounds[0]
            x = west + (x - west) % 360
        row = np.rint((y - self.y[0]) / dy).astype(int)
        column = np.rint((x - self.x[0]) / dx).astype(int)
        outside = (row < 0) | (row >= rows) | (column < 0) | (column >= columns)
        return np.where(outside, -1, row), np.where(outside, -1, column)
