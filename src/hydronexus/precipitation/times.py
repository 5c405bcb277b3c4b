"""The time axis of a grid: dates of the standard calendar, one step apart."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd
import xarray as xr

from hydronexus.errors import GridError

log = logging.getLogger(__name__)

DAY = pd.Timedelta(days=1)
STANDARD = ("standard", "gregorian", "proleptic_gregorian")
WITHOUT_LEAP_DAYS = ("noleap", "365_day")


def even(array: xr.DataArray, source: str) -> tuple[xr.DataArray, float]:
    """Put an array on an even time axis of numpy dates.

    Parameters
    ----------
    array : xarray.DataArray
        With a dimension and coordinate ``time``, of numpy or cftime dates.
    source : str
        File, for messages.

    Returns
    -------
    xarray.DataArray
        The same values. In a calendar without leap days each 29 February is a missing step; the array stays lazy.
    float
        Time step [d].

    Raises
    ------
    GridError
        If time is repeated, unsorted or irregular, holds fewer than two steps, or follows a calendar whose days are not
        those of the standard one.
    """
    if array.time.dtype.kind != "M":
        return _from_calendar(array, source)
    return array, step_of(array.indexes["time"], source) / DAY


def step_of(time: pd.DatetimeIndex | xr.CFTimeIndex, source: str) -> pd.Timedelta:
    """The one step between neighbouring times.

    Raises
    ------
    GridError
        If the steps are not all the same and positive; names the first place where they are not.
    """
    if len(time) < 2:
        raise GridError(f"{source}: {len(time)} time step(s); a time step needs at least two")
    steps = pd.TimedeltaIndex(np.diff(np.asarray(time)))
    usual = pd.Series(steps).mode()[0]
    odd = np.flatnonzero((steps != usual) | (steps <= pd.Timedelta(0)))
    if not odd.size:
        return usual
    place, step = odd[0], steps[odd[0]]
    what = "unsorted" if step < pd.Timedelta(0) else "repeated" if step == pd.Timedelta(0) else "irregular"
    raise GridError(
        f"{source}: time is {what}: {time[place]} is followed by {time[place + 1]}, where the step is {usual}. "
        f"Sort it, drop repeated times, and fill what is absent with missing values "
        f"(xarray: sortby, drop_duplicates, resample); steps of calendar months are not even"
    )


def on_every_step(time: pd.DatetimeIndex, source: str) -> pd.DatetimeIndex:
    """Sorted times with those that are absent between them, at the smallest step.

    Raises
    ------
    GridError
        If a time is repeated or lies between steps.
    """
    if time.has_duplicates:
        raise GridError(f"{source}: time is repeated: {time[time.duplicated()][0]}; keep one file of each time")
    if len(time) < 2:
        step_of(time, source)
    full = pd.date_range(time[0], time[-1], freq=pd.Timedelta(np.diff(time).min()))
    if not time.isin(full).all():
        step_of(time, source)
    if len(full) > len(time):
        absent = full.difference(time)
        log.warning(
            "%s: %d of %d steps are absent and stay missing; first %s", source, len(absent), len(full), absent[0]
        )
    return full


def _from_calendar(array: xr.DataArray, source: str) -> tuple[xr.DataArray, float]:
    index = array.indexes["time"]
    if not isinstance(index, xr.CFTimeIndex):
        raise GridError(
            f"{source}: time holds {array.time.dtype}, not dates; give it CF units such as 'days since 2000-01-01'"
        )
    if index.calendar not in STANDARD + WITHOUT_LEAP_DAYS:
        raise GridError(
            f"{source}: days of the calendar '{index.calendar}' are not those of the standard one; "
            f"convert the file first (xarray: convert_calendar('standard', align_on='year'))"
        )
    step = step_of(index, source)
    dated = array.convert_calendar("standard", use_cftime=False)
    return dated.reindex(time=pd.date_range(dated.indexes["time"][0], dated.indexes["time"][-1], freq=step)), step / DAY
