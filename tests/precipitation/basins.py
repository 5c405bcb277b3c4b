"""Simple cells for tests."""

import numpy as np

from hydronexus.precipitation.cells import Cells


def cells(row, column, weight=None, distance=None, size=1.0):
    """Cells at rows (southward) and columns (eastward); equal weights if not given."""
    row, column = np.asarray(row), np.asarray(column)
    weight = np.ones(row.size) if weight is None else np.asarray(weight, float)
    return Cells(
        basin="test",
        index=row * (column.max() + 1) + column,
        weight=weight / weight.sum(),
        row=row,
        column=column,
        x=size * column.astype(float),
        y=-size * row.astype(float),
        distance=None if distance is None else np.asarray(distance, float),
        cell_size=size,
        area=row.size * size**2,
        inside=1.0,
    )


def line(count, weight=None, distance=None):
    """A row of cells."""
    return cells(np.zeros(count, int), np.arange(count), weight, distance)


def rectangle(rows, columns, size=1.0):
    """All cells of a rectangle, with the distance to its first cell."""
    row, column = np.divmod(np.arange(rows * columns), columns)
    return cells(row, column, distance=size * np.hypot(row, column), size=size)


def disc(radius):
    """Cells of a disc, with the distance to its western end."""
    row, column = np.indices((2 * radius + 1, 2 * radius + 1)).reshape(2, -1)
    inside = np.hypot(row - radius, column - radius) <= radius
    row, column = row[inside], column[inside]
    return cells(row, column, distance=np.hypot(row - radius, column))
