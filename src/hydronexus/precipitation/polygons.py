"""Basins as polygons: from vector files, or from a raster whose values are ids."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import rasterio
import rasterio.features
import shapely

from hydronexus.errors import BasinError, ConfigurationError
from hydronexus.precipitation.stacks import raster_name

CHANGED = 1e-6  # of a polygon's area, by which a repair may change it


def read_polygons(path: str | Path, id_column: str, crs: Any = None) -> gpd.GeoDataFrame:
    """Read basins from a GeoPackage, Shapefile, GeoJSON, or any other vector file.

    Parameters
    ----------
    path : str or Path
    id_column : str
        Column of basin ids.
    crs : optional
        Coordinate reference system in any form pyproj takes, where the file says none.

    Returns
    -------
    geopandas.GeoDataFrame
        Columns ``basin`` (ids as text; leading zeros of text stay) and ``geometry``, as they are in the file.

    Raises
    ------
    ConfigurationError
        If the file cannot be read, has no such column, or no coordinate reference system.
    """
    try:
        frame = gpd.read_file(path)
    except (RuntimeError, OSError, ValueError, shapely.errors.ShapelyError) as error:  # pyogrio's are the first
        raise ConfigurationError(f"{path}: no file of polygons there: {error}") from None
    if id_column not in frame.columns or "geometry" not in frame.columns:
        raise ConfigurationError(
            f"{path}: no column '{id_column}' of basin ids beside polygons; "
            f"there are: {', '.join(map(str, frame.columns))}"
        )
    frame = gpd.GeoDataFrame(
        {"basin": [_text(value) for value in frame[id_column]]}, geometry=frame.geometry.array, crs=frame.crs
    )
    if frame.crs is None:
        if crs is None:
            raise ConfigurationError(f"{path}: no coordinate reference system in the file (.prj); set `crs`")
        frame = frame.set_crs(crs)
    return frame


def read_mask(path: str | Path) -> gpd.GeoDataFrame:
    """Read basins from a raster of whole numbers, each cell holding the id of its basin.

    Parameters
    ----------
    path : str or Path
        Any raster GDAL opens; its missing value, and zero, are no basin. ``archive!member`` is a file inside a ZIP
        archive.

    Returns
    -------
    geopandas.GeoDataFrame
        As from :func:`read_polygons`; edges follow the raster's cells.

    Raises
    ------
    ConfigurationError
        If the raster cannot be read, holds no whole numbers, or has no coordinate reference system.
    """
    try:
        with rasterio.open(raster_name(path)) as file:
            band, transform, crs = file.read(1, masked=True), file.transform, file.crs
    except rasterio.errors.RasterioIOError as error:
        raise ConfigurationError(f"{path}: no raster of basins there: {error}") from None
    if crs is None:
        raise ConfigurationError(
            f"{path}: no coordinate reference system in the raster; write it there (gdal_edit -a_srs)"
        )
    values = band.filled(0)
    ids = values.astype(np.int32)
    if not np.array_equal(ids, values):
        raise ConfigurationError(f"{path}: a raster of basins holds their ids as whole numbers; found {values.dtype}")
    parts = rasterio.features.shapes(ids, mask=ids != 0, transform=transform)
    shapes = [(shapely.geometry.shape(shape), str(int(value))) for shape, value in parts]
    frame = gpd.GeoDataFrame({"basin": [name for _, name in shapes]}, geometry=[shape for shape, _ in shapes], crs=crs)
    return frame.dissolve("basin").reset_index()


def sound(basin: str, polygon: shapely.Geometry | None) -> shapely.Geometry:
    """The polygon, made valid where that leaves its area as it is.

    Raises
    ------
    BasinError
        If there is no area, a corner is no number, or a repair would change the area (a ring that crosses itself, say).
    """
    if polygon is None or polygon.is_empty or polygon.geom_type not in ("Polygon", "MultiPolygon"):
        found = "no geometry" if polygon is None or polygon.is_empty else f"a {polygon.geom_type}"
        raise BasinError(basin, f"{found} where its polygon should be; correct the file of polygons")
    if not np.isfinite(shapely.get_coordinates(polygon)).all():
        raise BasinError(basin, "its polygon has corners that are no numbers; correct the file of polygons")
    if polygon.is_valid:
        return polygon
    reason = shapely.is_valid_reason(polygon)
    parts = shapely.get_parts(shapely.make_valid(polygon))
    mended = shapely.union_all([part for part in parts if part.area > 0])
    if mended.area == 0:
        raise BasinError(basin, f"its polygon has no area ({reason}); correct the file of polygons")
    if abs(mended.area - polygon.area) > CHANGED * polygon.area:
        raise BasinError(
            basin,
            f"its polygon is invalid ({reason}), and a repair would change its area; correct it, for example in QGIS",
        )
    return mended


def _text(value: Any) -> str:
    """An id as text; a whole number read as a float loses its point."""
    return (
        str(int(value)) if isinstance(value, float | np.floating) and float(value).is_integer() else str(value).strip()
    )
