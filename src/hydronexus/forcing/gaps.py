"""Gaps of forcing: short ones are filled; longer ones end the basin where they matter."""

import numpy as np
import xarray as xr

from hydronexus.config import Periods
from hydronexus.errors import ForcingGapError
from hydronexus.forcing.variables import ESSENTIAL, is_forcing


def needed(data: xr.Dataset, periods: Periods, warmup: int) -> xr.Dataset:
    """The record from the warm-up before the first period to the end of the last, as far as it reaches.

    Parameters
    ----------
    warmup : int
        [d]
    """
    first, last = _bounds(periods)
    days = data["time"].values.astype("datetime64[D]")
    return data.isel(time=(days >= first - np.timedelta64(warmup, "D")) & (days <= last))


def fill(data: xr.Dataset, longest: int, notes: list[str]) -> xr.Dataset:
    """Fill gaps of forcing of at most `longest` steps.

    Precipitation becomes zero: most steps are dry, and a line would turn every gap beside a storm into
    drizzle, while what zero misses is bounded by the short gap and counted. What changes slowly
    (temperature, radiation, ...) is interpolated linearly.
    """
    for name in [str(name) for name in data.data_vars if is_forcing(str(name))]:
        values = data[name].values.copy()
        known = np.flatnonzero(np.isfinite(values))
        short = [(start, stop) for start, stop in runs(~np.isfinite(values)) if stop - start <= longest]
        if not short or not known.size:
            continue
        rain = name.split("_")[0] == "precipitation"
        level = values[known]
        for start, stop in short:
            values[start:stop] = 0.0 if rain else np.interp(np.arange(start, stop), known, level)
        count, most = sum(stop - start for start, stop in short), max(stop - start for start, stop in short)
        how = "with zero" if rain else "by linear interpolation"
        notes.append(f"filled {count} missing steps of {name} {how} (longest gap {most})")
        data = data.assign({name: data[name].copy(data=values)})
    return data


def complete(data: xr.Dataset, periods: Periods, longest: int, basin: str, notes: list[str]) -> xr.Dataset:
    """Make sure no gap is left; a record may begin inside the warm-up, so its missing beginning is cut.

    Parameters
    ----------
    longest : int
        Longest gap that was filled, for the message.

    Raises
    ------
    ForcingGapError
        Forcing that no model can go without is missing. Other variables are left out, and noted.
    """
    days = data["time"].values.astype("datetime64[D]")
    first = int(np.searchsorted(days, _bounds(periods)[0]))
    begin = 0
    for name in [name for name in ESSENTIAL if name in data]:
        for start, stop in runs(~np.isfinite(data[name].values)):
            if start == 0 and stop <= first:
                begin = max(begin, stop)
                continue
            source = data[name].attrs.get("file", data.attrs["files"])
            raise ForcingGapError(
                basin,
                f"{name} is missing on {stop - start} steps from {days[start]} to {days[stop - 1]} in "
                f"{source}; at most {longest} in "
                "a row are filled (quality.max_filled_gap): complete the file or choose other `periods`",
            )
    if begin:
        notes.append(f"record begins on {days[begin]}, inside the warm-up: forcing is missing before")
        data = data.isel(time=slice(begin, None))
    for name in [str(name) for name in data.data_vars if is_forcing(str(name)) and name not in ESSENTIAL]:
        missing = int((~np.isfinite(data[name].values)).sum())
        if missing:
            notes.append(f"{name} left out: {missing} steps are missing in gaps of more than {longest}")
            data = data.drop_vars(name)
    return data


def runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """Start and end (not included) of every run of True, in order.

    >>> runs(np.array([True, False, True, True]))
    [(0, 1), (2, 4)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(int)))
    return [(int(start), int(stop)) for start, stop in zip(edges[::2], edges[1::2], strict=True)]


def _bounds(periods: Periods) -> tuple[np.datetime64, np.datetime64]:
    spans = (periods.train, periods.validation, periods.test)
    return (
        np.datetime64(min(span[0] for span in spans), "D"),
        np.datetime64(max(span[1] for span in spans), "D"),
    )
