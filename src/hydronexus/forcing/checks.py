"""Checks of one basin's data; each raises its named error, or mends what is minor and notes it."""

import numpy as np
import xarray as xr

from hydronexus.config import Periods
from hydronexus.errors import (
    ConstantSeriesError,
    ImpossibleValueError,
    IrregularTimeError,
    NegativePrecipitationError,
    PeriodError,
    RunoffRatioError,
    TemperatureOrderError,
)
from hydronexus.forcing.variables import ESSENTIAL, REQUIRED, units_of

SWAPPED_SHARE = 0.01  # of the steps: interpolated products (Daymet in CAMELS-US) cross on a few days; more is a mistake
ROUNDING = 0.005  # mm, half of the last digit most files hold: not a negative amount but noise of packing
LARGEST = {"mm": 1e4, "degC": 100.0, "W m-2": 1e4, "Pa": 2e5, "%": 1e3}  # either side of zero; mm of a day at most
YEAR_COVERAGE = 0.95  # of the steps, for a year to count as complete


def regular_time(data: xr.Dataset, basin: str) -> float:
    """Time step of the record.

    Returns
    -------
    float
        [d]

    Raises
    ------
    IrregularTimeError
        Dates are missing, duplicated, out of order, or not evenly spaced; names which, the first such date
        and how many.
    """
    time = data["time"].values
    where = data.attrs["files"]
    if len(time) < 3:
        raise IrregularTimeError(basin, f"{where} holds {len(time)} time steps; at least 3 are needed")
    if np.isnat(time).any():
        row = int(np.flatnonzero(np.isnat(time))[0]) + 1
        raise IrregularTimeError(
            basin,
            f"row {row} of {where} has no date ({np.isnat(time).sum()} such rows); complete or remove them",
        )
    steps = np.diff(time).astype("timedelta64[ms]").astype(float) / 86_400_000
    seen, counts = np.unique(time, return_counts=True)
    if (counts > 1).any():
        raise IrregularTimeError(
            basin,
            f"{(counts > 1).sum()} dates stand more than once in {where}, first {_day(seen[counts > 1][0])}; "
            "keep one row of each",
        )
    if (steps < 0).any():
        raise IrregularTimeError(
            basin,
            f"dates are not sorted in {where}: they go back {(steps < 0).sum()} times, first at "
            f"{_day(time[1:][steps < 0][0])}; sort the rows",
        )
    usual = float(np.median(steps))
    odd = ~np.isclose(steps, usual, rtol=1e-6)
    if odd.any():
        raise IrregularTimeError(
            basin,
            f"dates are not evenly spaced in {where}: {odd.sum()} steps are not {usual * 24:g} h long, "
            f"the first from "
            f"{_day(time[:-1][odd][0])} to {_day(time[1:][odd][0])}; give every date a row, with empty "
            f"values where missing",
        )
    return usual


def periods_in_record(data: xr.Dataset, periods: Periods, basin: str) -> None:
    """Every period lies inside the record of forcing; a warm-up before it may be short.

    Raises
    ------
    PeriodError
    """
    days = data["time"].values.astype("datetime64[D]")
    for name, (first, last) in _spans(periods).items():
        if first < days[0] or last > days[-1]:
            raise PeriodError(
                basin,
                f"the {name} period {first} to {last} lies outside the record of {data.attrs['files']}, "
                f"{days[0]} to {days[-1]}; "
                "change `periods`, or give the dataset its own",
            )


def periods_observed(data: xr.Dataset, periods: Periods, warmup: int, basin: str) -> None:
    """Every period holds, after the warm-up of the record, observed streamflow that changes: else it has no score.

    Parameters
    ----------
    warmup : int
        [d]

    Raises
    ------
    PeriodError
    """
    days = data["time"].values.astype("datetime64[D]")
    flow = data["streamflow"].values
    observed, warm = np.isfinite(flow), days >= days[0] + np.timedelta64(warmup, "D")
    for name, (first, last) in _spans(periods).items():
        seen = flow[observed & warm & (days >= first) & (days <= last)]
        if seen.size and np.ptp(seen) > 0:
            continue
        there = days[observed]
        span = f"it is observed from {there[0]} to {there[-1]}" if there.size else "there is none at all"
        found = f"streamflow is {seen[0]:g} on all {seen.size} observed steps" if seen.size else "no streamflow"
        raise PeriodError(
            basin,
            f"{found} in the {name} period {first} to {last} in {_file(data, 'streamflow')}; {span}, and the "
            f"{warmup} days from {days[0]} on are warm-up; change `periods` or `training.warmup`, or give the dataset "
            "its own periods",
        )


def possible(data: xr.Dataset, basin: str, notes: list[str]) -> xr.Dataset:
    """No value that nature does not reach, such as an undeclared fill value; an extra variable with one is left out.

    Raises
    ------
    ImpossibleValueError
        For precipitation, streamflow, temperatures and potential evapotranspiration.
    """
    longest_day = max(1.0, float(data.attrs["time_step_days"]))
    for name in map(str, data.data_vars):
        units = units_of(name)
        if units is None or name.startswith("true_"):
            continue
        limit = LARGEST[units] * (longest_day if units == "mm" else 1)
        bad = (np.abs(data[name]) > limit).values
        if not bad.any():
            continue
        found = (
            f"{name} is {data[name].values[bad][0]:g} {units} on {_day(data['time'].values[bad][0])} in "
            f"{_file(data, name)} ({bad.sum()} such steps); nature stays within {limit:g}"
        )
        if name in REQUIRED or name in ESSENTIAL or name.startswith("temperature"):
            raise ImpossibleValueError(basin, f"{found}: leave missing values empty, and check the units")
        notes.append(f"{name} left out: {found}")
        data = data.drop_vars(name)
    return data


def precipitation_not_negative(data: xr.Dataset, basin: str, notes: list[str]) -> xr.Dataset:
    """Precipitation below zero ends the basin; rounding noise of packed files becomes zero and is counted.

    Raises
    ------
    NegativePrecipitationError
    """
    rain = data["precipitation"]
    bad = (rain < -ROUNDING).values
    if bad.any():
        raise NegativePrecipitationError(
            basin,
            f"precipitation is negative on {bad.sum()} steps of {_file(data, 'precipitation')}, first "
            f"{_day(data['time'].values[bad][0])} "
            f"({rain.values[bad][0]:g} mm); leave missing values empty, and correct the others",
        )
    noise = int((rain < 0).sum())
    if noise:
        notes.append(f"precipitation: {noise} values between -{ROUNDING} mm and 0 set to 0")
        data = data.assign(precipitation=rain.clip(min=0))
    return data


def streamflow_not_negative(data: xr.Dataset, notes: list[str]) -> xr.Dataset:
    """Negative streamflow becomes missing, and is counted."""
    negative = (data["streamflow"] < 0).values
    if negative.any():
        first = _day(data["time"].values[negative][0])
        notes.append(f"streamflow: {negative.sum()} negative values taken as missing, first {first}")
        data = data.assign(streamflow=data["streamflow"].where(~negative))
    return data


def temperatures_in_order(data: xr.Dataset, basin: str, notes: list[str]) -> xr.Dataset:
    """Minimum below maximum temperature; a few crossed steps are swapped and counted.

    Products without a daily range (Maurer and NLDAS of the first CAMELS-US) give the mean in both columns:
    these are dropped, for a range of zero would mislead what is computed from it.

    Raises
    ------
    TemperatureOrderError
        More than one in a hundred steps are crossed, which points to exchanged columns.
    """
    if "temperature_min" not in data or "temperature_max" not in data:
        return data
    low, high = data["temperature_min"], data["temperature_max"]
    if (low == high).sum() > 0.5 * data.sizes["time"]:
        notes.append("minimum and maximum temperature are the same: both left out")
        return data.drop_vars(["temperature_min", "temperature_max"])
    crossed = (low > high).values
    if crossed.mean() > SWAPPED_SHARE:
        raise TemperatureOrderError(
            basin,
            f"temperature_min is above temperature_max on {crossed.sum()} of {crossed.size} steps of "
            f"{_file(data, 'temperature_min')}, first "
            f"{_day(data['time'].values[crossed][0])}; are the two exchanged?",
        )
    if crossed.any():
        notes.append(f"minimum and maximum temperature swapped on {crossed.sum()} steps")
        lowest, highest = np.minimum(low, high), np.maximum(low, high)
        data = data.assign(temperature_min=low.copy(data=lowest), temperature_max=high.copy(data=highest))
    return data


def not_constant(data: xr.Dataset, basin: str, notes: list[str]) -> xr.Dataset:
    """No series without a value, or with only one; extra variables like that are left out and noted.

    Raises
    ------
    ConstantSeriesError
        For precipitation, streamflow, mean temperature and potential evapotranspiration.
    """
    for name in map(str, data.data_vars):
        if name.startswith("true_"):
            continue
        values = data[name].values[np.isfinite(data[name].values)]
        if values.size and np.ptp(values) > 0:
            continue
        found = (
            f"is {values[0]:g} on all {values.size} steps that have a value" if values.size else "has no value at all"
        )
        if name in REQUIRED or name in ESSENTIAL:
            raise ConstantSeriesError(
                basin,
                f"{name} {found} in {_file(data, name)}, from {_day(data['time'].values[0])}; check the "
                f"variable, or leave the basin out",
            )
        notes.append(f"{name} left out: it {found}")
        data = data.drop_vars(name)
    return data


def runoff_plausible(data: xr.Dataset, limit: float, basin: str) -> None:
    """Streamflow over precipitation, over complete years (or else all steps with both), is below a limit.

    Raises
    ------
    RunoffRatioError
    """
    both = np.isfinite(data["streamflow"].values) & np.isfinite(data["precipitation"].values)
    years = data["time"].values.astype("datetime64[Y]")
    per_year = 365 / float(data.attrs["time_step_days"])
    complete = [year for year in np.unique(years) if both[years == year].sum() >= YEAR_COVERAGE * per_year]
    used = both & np.isin(years, complete) if complete else both
    rain = float(data["precipitation"].values[used].sum())
    flow = float(data["streamflow"].values[used].sum())
    if flow > limit * rain:
        area = data.attrs.get("area_km2")
        raise RunoffRatioError(
            basin,
            f"streamflow is {flow / max(rain, 1e-9):.3g} times precipitation over {used.sum()} steps from "
            f"{_day(data['time'].values[used][0])} (quality.max_runoff_ratio is {limit:g}); check the "
            f"units of streamflow in "
            f"{_file(data, 'streamflow')}, of precipitation, and the area "
            f"({'unknown' if area is None else f'{area:g} km2'})",
        )


def _spans(periods: Periods) -> dict[str, tuple[np.datetime64, np.datetime64]]:
    names = ("train", "validation", "test")
    return {name: tuple(np.datetime64(day, "D") for day in getattr(periods, name)) for name in names}


def _day(time: np.datetime64) -> str:
    """A date as people write it, with the hour only where it has one."""
    text = str(time.astype("datetime64[m]")).replace("T", " ")
    return text.removesuffix(" 00:00")


def _file(data: xr.Dataset, name: str) -> str:
    return data[name].attrs.get("file", data.attrs["files"])
