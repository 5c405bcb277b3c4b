"""Rain-weighted means of statistics by season and by intensity of rain."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
import xarray as xr

from hydronexus.precipitation.statistics.spells import spells

SEASONS = ("DJF", "MAM", "JJA", "SON")
THIRDS = ("lower third", "middle third", "upper third")
ALL = "all"


def weighted_mean(values: np.ndarray, rain: np.ndarray) -> float:
    """Mean of values weighted by rain, sum of p v / sum of p over steps where both are known; NaN without rain."""
    known = np.isfinite(values) & (rain > 0)
    return float(np.average(values[known], weights=rain[known])) if known.any() else np.nan


def summary(statistics: xr.Dataset, bounds: Sequence[float] | None = None) -> pd.DataFrame:
    """Rain-weighted mean of every statistic by season, by class of areal mean rain, by both, and over all.

    Steps count by the rain they bring, so that a mean says what a millimetre of rain is like, not an hour.

    Parameters
    ----------
    statistics : xarray.Dataset
        Statistics of one basin, dim time; ``mean`` among them [mm per step].
    bounds : sequence of float, optional
        Ascending bounds between classes of areal mean [mm per step]; a bound belongs to the class above. Terciles of
        the steps with rain if not given.

    Returns
    -------
    pandas.DataFrame
        ``season`` (DJF, MAM, JJA, SON, all), ``intensity`` (class or all), ``statistic``, ``value``, and ``steps``: how
        many steps had rain and a defined value. Without any the value is NaN.
    """
    rain = statistics["mean"].to_numpy().astype(float)
    season = statistics["time"].dt.season.to_numpy()
    if bounds is None:
        wet = rain[rain > 0]
        bounds, labels = np.quantile(wet, (1 / 3, 2 / 3)) if wet.size else (np.inf, np.inf), THIRDS
    else:
        labels = _labels(bounds)
    intensity = np.array(labels)[np.searchsorted(bounds, rain, side="right").clip(max=len(bounds))]
    rows = []
    for one in (ALL, *SEASONS):
        for kind in (ALL, *labels):
            taken = (rain > 0) & ((one == ALL) | (season == one)) & ((kind == ALL) | (intensity == kind))
            for name, values in statistics.data_vars.items():
                v = values.to_numpy()[taken]
                rows.append((one, kind, name, weighted_mean(v, rain[taken]), int(np.isfinite(v).sum())))
    return pd.DataFrame(rows, columns=["season", "intensity", "statistic", "value", "steps"])


def averaged(statistics: xr.Dataset, step: str) -> xr.Dataset:
    """Statistics of a longer step as means over its parts, weighted by rain; the areal mean is their sum.

    Statistics of summed rain are others: rain that moves over a basin is uneven by the hour and even by the day.

    Parameters
    ----------
    statistics : xarray.Dataset
        As for :func:`summary`.
    step : str
        Such as ``1D``; labelled by its start.

    Returns
    -------
    xarray.Dataset
        The same variables; parts of a step at either end of the record are left out. The areal mean is NaN where a part
        is missing, a statistic where no part with rain has one; wet fraction and valid fraction are plain means.
    """
    rain = statistics["mean"]
    found = {}
    for name, values in statistics.data_vars.items():
        if name == "mean":
            found[name] = values.resample(time=step).sum(skipna=False)
        elif name in ("wet_fraction", "valid_fraction"):
            found[name] = values.resample(time=step).mean()
        else:
            weight = rain.where(values.notnull() & (rain > 0), 0)
            total = weight.resample(time=step).sum()
            mean = (values.fillna(0) * weight).resample(time=step).sum() / total.where(total > 0)
            found[name] = mean.astype(values.dtype)
        found[name].attrs = values.attrs
    parts = xr.ones_like(rain).resample(time=step).sum()
    own = pd.Timedelta(statistics["time"].values[1] - statistics["time"].values[0])
    whole = (parts == pd.Timedelta(step) / own).values
    return xr.Dataset(found, attrs=statistics.attrs).isel(time=whole)


def spell_lengths(statistics: xr.Dataset, threshold: float) -> pd.DataFrame:
    """Mean length of wet and of dry spells of the areal mean, and the longest of each [d], as rows of :func:`summary`.

    Spells that the record's end or a missing step may have cut short are left out; ``steps`` is how many spells are in
    a mean.

    Parameters
    ----------
    statistics : xarray.Dataset
        As for :func:`summary`.
    threshold : float
        Least areal mean of a wet step [mm per step].
    """
    step = float(np.diff(statistics["time"].values[:2])[0] / np.timedelta64(1, "D"))
    found = spells(statistics["mean"].to_series(), threshold)
    rows = []
    for wet, name in ((True, "wet_spell"), (False, "dry_spell")):
        days = step * found.loc[found["complete"] & (found["wet"] == wet), "steps"]
        rows += [
            (ALL, ALL, f"{name}_mean", days.mean(), len(days)),
            (ALL, ALL, f"{name}_longest", days.max(), len(days)),
        ]
    return pd.DataFrame(rows, columns=["season", "intensity", "statistic", "value", "steps"])


def _labels(bounds: Sequence[float]) -> list[str]:
    between = [f"{low:g} to {high:g} mm" for low, high in pairwise(bounds)]
    return [f"below {bounds[0]:g} mm", *between, f"{bounds[-1]:g} mm and more"]
