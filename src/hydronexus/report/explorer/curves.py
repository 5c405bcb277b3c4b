"""Arrays as short lists of numbers for JSON."""

import math

import numpy as np
import xarray as xr

DIGITS = 3  # significant: finer than a line on a screen


def rounded(values: xr.DataArray | np.ndarray, finest: float = 0.0) -> list[float | int | None]:
    """Numbers of three significant digits, and None for what is not finite.

    Parameters
    ----------
    values : xarray.DataArray or numpy.ndarray
        Shape (n,).
    finest : float
        Steps below which differences do not show, a power of ten in the values' units; 0 keeps all digits.
    """
    return [_short(value, finest) for value in np.asarray(values, dtype=float).tolist()]


def band(members: xr.DataArray, finest: float = 0.0) -> dict[str, list[float | int | None]]:
    """Mean, lowest and highest member, from dims (seed, one other)."""
    return {
        "mean": rounded(members.mean("seed"), finest),
        "low": rounded(members.min("seed"), finest),
        "high": rounded(members.max("seed"), finest),
    }


def _short(value: float, finest: float) -> float | int | None:
    if not math.isfinite(value):
        return None
    if finest:
        value = round(value / finest) * finest
    short = float(f"{value:.{DIGITS}g}")
    return int(short) if short.is_integer() else short
