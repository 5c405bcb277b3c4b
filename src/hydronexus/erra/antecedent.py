"""Nonstationarity: precipitation that falls under unlike antecedent conditions, as sources of their own."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import xarray as xr


def split_by(
    precipitation: xr.DataArray, criterion: xr.DataArray, edges: Sequence[float], lag: int = 1
) -> xr.DataArray:
    """Split precipitation into sources by a criterion some steps before it falls (demixing, Kirchner 2024).

    Give the result to :func:`hydronexus.erra.erra` for one response per class. Splitting its sources again by
    another criterion gives joint classes.

    Parameters
    ----------
    precipitation : xarray.DataArray
        Dims ([source,] time).
    criterion : xarray.DataArray
        Such as streamflow or soil water, dim time.
    edges : sequence of float
        Where classes meet, ascending, in the units of the criterion; a value on an edge is in the lower class.
    lag : int
        Steps between criterion and precipitation, 1 or more.

    Returns
    -------
    xarray.DataArray
        Dims (source, time), class by class; zero in other classes, NaN where precipitation or criterion is missing.

    Raises
    ------
    ValueError
        If the lag is below 1 or the criterion is the precipitation itself (intensity is what knots are for), if edges
        do not ascend, or if a class has no precipitation.
    """
    if lag < 1:
        raise ValueError(f"lag {lag}: a criterion must be known before the precipitation falls; give 1 or more")
    if (np.diff(edges) <= 0).any():
        raise ValueError(f"edges {list(edges)} do not ascend")
    precipitation, criterion = xr.align(precipitation, criterion, join="exact")
    if "source" not in precipitation.dims:
        precipitation = precipitation.expand_dims(source=["precipitation"])
    precipitation = precipitation.transpose("source", "time")
    if any(bool(criterion.equals(one)) for one in precipitation.drop_vars("source", errors="ignore")):
        raise ValueError("the criterion is precipitation itself; classes of its intensity are what knots are for")
    before = criterion.shift(time=lag)
    bounds = [-np.inf, *edges, np.inf]
    name = criterion.name or "criterion"
    classes = []
    for low, high in pairwise(bounds):
        inside = (before > low) & (before <= high)
        part = precipitation.where(inside, 0.0).where(before.notnull() & precipitation.notnull())
        label = f"{low:g} < {name} <= {high:g}".replace("-inf < ", "").replace(" <= inf", "")
        if not bool((part > 0).any("time").all()):
            raise ValueError(f"no precipitation falls where {label}; move the edges")
        classes.append(part.assign_coords(source=[f"{source}, {label}" for source in part["source"].values]))
    return xr.concat(classes, "source")
