"""Rain events of a basin: when, how much, and how unevenly."""

import numpy as np
import pandas as pd
import xarray as xr

from hydronexus.precipitation.statistics.motion import catchment_velocity
from hydronexus.precipitation.summary import weighted_mean

DESCRIBED = ("cv", "wet_fraction", "delta1")
HOUR = pd.Timedelta(hours=1)
SIX_HOURS = 6 * HOUR


def events(statistics: xr.Dataset, threshold: float, separation: pd.Timedelta = SIX_HOURS) -> pd.DataFrame:
    """Table of rain events.

    An event begins and ends with a wet step. Two wet steps belong to one event where less dry time than `separation`,
    and no missing step, lies between them: with daily steps and the default, every dry day parts events.

    Parameters
    ----------
    statistics : xarray.Dataset
        Statistics of one basin, dim time, at least two even steps; ``mean`` among them [mm per step].
    threshold : float
        Least areal mean of a wet step [mm per step].
    separation : pandas.Timedelta
        Least dry time between events, above zero.

    Returns
    -------
    pandas.DataFrame
        One row per event in order of time: ``start`` and ``end``, its first and last step; ``duration`` [h], both
        included; ``depth`` [mm], drizzle between wet steps included; ``peak`` [mm per step]; ``complete``, false where
        the record's end or a missing step may have cut it short; where they are among the statistics, rain-weighted
        means of ``cv``, ``wet_fraction`` and ``delta1``, and with ``rain_distance`` the ``storm_velocity`` along the
        flow [km h-1]. CV is the mean of that of steps, not that of the event's total.
    """
    rain = statistics["mean"].to_numpy().astype(float)
    time = statistics.indexes["time"]
    step = time[1] - time[0]
    wet = np.flatnonzero(rain >= threshold)
    gone = np.concatenate([[0], np.cumsum(np.isnan(rain))])  # missing steps before each step
    apart = ((np.diff(wet) - 1) * step >= separation) | (np.diff(gone[wet]) > 0)
    described = {name: statistics[name].to_numpy() for name in DESCRIBED if name in statistics}
    distance = statistics["rain_distance"].to_numpy() if "rain_distance" in statistics else None
    rows = []
    for places in np.split(wet, np.flatnonzero(apart) + 1) if wet.size else []:
        first, last = places[0], places[-1]
        event = slice(first, last + 1)
        row = {
            "start": time[first],
            "end": time[last],
            "duration": (last - first + 1) * step / HOUR,
            "depth": rain[event].sum(),
            "peak": rain[event].max(),
            "complete": _dry_around(rain, first, last, int(np.ceil(separation / step))),
        }
        row |= {name: weighted_mean(values[event], rain[event]) for name, values in described.items()}
        if distance is not None:
            row["storm_velocity"] = catchment_velocity(rain[event], distance[event], step / HOUR)
        rows.append(row)
    known = ["start", "end", "duration", "depth", "peak", "complete", *described]
    return pd.DataFrame(rows, columns=known if distance is None else [*known, "storm_velocity"])


def _dry_around(rain: np.ndarray, first: int, last: int, steps: int) -> bool:
    """Whether as many steps before and after are known as it takes to end an event."""
    if first < steps or last + steps >= len(rain):
        return False
    return bool(np.isfinite(rain[first - steps : first]).all() and np.isfinite(rain[last + 1 : last + steps + 1]).all())
