"""Areal reduction factor of a fixed area over a record, from maxima that are found chunk by chunk."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from hydronexus.precipitation.cells import Cells


@dataclass(frozen=True)
class Maxima:
    """Largest rain of years.

    Parameters
    ----------
    year : numpy.ndarray of int64
        Ascending, shape (year,).
    areal : numpy.ndarray
        Of the areal mean [mm per step], shape (year,).
    cell : numpy.ndarray
        Of each cell [mm per step], shape (year, cell); NaN where it has no value in the year.
    """

    year: np.ndarray
    areal: np.ndarray
    cell: np.ndarray


def annual_maxima(rain: np.ndarray, cells: Cells, time: np.ndarray) -> Maxima:
    """Maxima of the calendar years in part of a record.

    Parameters
    ----------
    rain : numpy.ndarray
        Shape (time, cell) [mm per step], NaN where missing.
    cells : Cells
    time : numpy.ndarray of datetime64
        Shape (time,).
    """
    valid = np.isfinite(rain)
    with np.errstate(invalid="ignore"):
        areal = np.where(valid, rain, 0) @ cells.weight / (valid @ cells.weight)
    return _largest(time.astype("datetime64[Y]").astype(np.int64) + 1970, areal, rain)


def combined(parts: Iterable[Maxima]) -> Maxima:
    """Maxima of a record from those of its parts, which may share years."""
    parts = list(parts)
    return _largest(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("year", "areal", "cell")))


def areal_reduction_factor(maxima: Maxima, cells: Cells) -> float:
    """Mean annual maximum of areal rain over that of rain in a cell.

    ARF = mean over years of max p / sum over cells of w (mean over years of max r) [-], at most 1 where nothing is
    missing. The maxima need not fall on the same day.

    Parameters
    ----------
    maxima : Maxima
        Of a record; years that are covered in part make both terms smaller.
    cells : Cells

    References
    ----------
    U.S. Weather Bureau 1958, Technical Paper 29; Svensson and Jones 2010, doi 10.1111/j.1753-318X.2010.01075.x
    """
    years = np.isfinite(maxima.cell)
    count = years.sum(0)
    known = count > 0
    point = np.where(years, maxima.cell, 0).sum(0)[known] / count[known]
    weight = cells.weight[known]
    return float(np.nanmean(maxima.areal) / (point @ weight / weight.sum())) if known.any() else np.nan


def _largest(year: np.ndarray, areal: np.ndarray, cell: np.ndarray) -> Maxima:
    found = np.unique(year)
    # fmax leaves NaN out unless there is nothing else.
    of_areal, of_cell = (
        np.stack([np.fmax.reduce(values[year == one], axis=0) for one in found]) for values in (areal, cell)
    )
    return Maxima(found, of_areal, of_cell)
