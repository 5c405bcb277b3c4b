"""The cells of a grid that a basin covers."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Cells:
    """Cells of one basin on one grid; every array has shape (cell,).

    Parameters
    ----------
    basin : str
    index : numpy.ndarray of int64
        Place in the grid's cells flattened row by row: row * columns + column, ascending.
    weight : numpy.ndarray of float64
        Share of the basin's covered area (cell coverage x cell area) [-]; sums to 1.
    row, column : numpy.ndarray of int64
        Place in the grid, for neighbours and boxes.
    x, y : numpy.ndarray of float64
        Cell centres on a plane around the basin [km], x eastward and y northward.
    distance : numpy.ndarray of float64 or None
        Flow distance from cell to outlet [km], where flow directions are given.
    cell_size : float
        Square root of the mean cell area [km].
    area : float
        Area of the basin inside the grid [km2].
    inside : float
        Share of the basin's polygon that the grid covers [-].
    """

    basin: str
    index: np.ndarray
    weight: np.ndarray
    row: np.ndarray
    column: np.ndarray
    x: np.ndarray
    y: np.ndarray
    distance: np.ndarray | None
    cell_size: float
    area: float
    inside: float
