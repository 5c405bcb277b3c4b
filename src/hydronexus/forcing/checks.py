"""Checks of one basin's data; each raises its named error, or notes what it mended."""

import numpy as np
import xarray as xr

from hydronexus.config import Periods
from hydronexus.errors import (
    ConstantSeriesError,
    ForcingGapError,
    IrregularTimeError,
    NegativePrecipitationError,
    PeriodError,
    RunoffRatioError,
    TemperatureOrderError,
)
from hydronexus.forcing.variables import FORCING

SWAPPED_SHARE = 0.01  # days with Tmin above Tmax that gridded products are forgiven


def regular_time(data: xr.Dataset, basin: str) -> float:
    """The time step [d].

    Raises
    ------
    IrregularTimeError
        Dates are duplicated, out of order, or not evenly spaced; names the first such date.
    """
    time = data["time"].values
    where = data.attrs.get("files", "the data")
    if len(time) < 3:
        raise IrregularTimeError(basin, f"{where} holds {len(time)} time steps")
    steps = np.diff(time).astype("timedelta64[s]").astype(float)
    if (steps == 0).any():
        raise IrregularTimeError(basin, f"{time[1:][steps == 0][0]} stands twice in {where}; remove duplicates")
    if (steps < 0).any():
        raise IrregularTimeError(basin, f"dates go backwards at {time[1:][steps < 0][0]} in {where}; sort them")
    usual = np.median(steps)
    odd = steps != usual
    if odd.any():
        raise IrregularTimeError(
            basin,
            f"dates are not evenly spaced in {where}: {odd.sum()} steps differ from {usual / 3600:g} h, the first after "
            f"{time[:-1][odd][0]}; fill missing dates with empty values",
        )
    return float(usual / 86400)


def trim(data: xr.Dataset, periods: Periods, warmup: int) -> xr.Dataset:
    """The record from the warm-up before the first period to the end of the last."""
    first = np.datetime64(min(p[0] for p in (periods.train, periods.validation, periods.test)))
    last = np.datetime64(max(p[1] for p in (periods.train, periods.validation, periods.test)))
    days = data["time"].values.astype("datetime64[D]")
    return data.isel(time=(days >= first - np.timedelta64(warmup, "D")) & (days <= last))


def periods_covered(data: xr.Dataset, periods: Periods, warmup: int, basin: str) -> None:
    """Every period lies inside the record and has observed streamflow after the warm-up.

    Raises
    ------
    PeriodError
    """
    days = data["time"].values.astype("datetime64[D]")
    for name in ("train", "validation", "test"):
        first, last = (np.datetime64(day) for day in getattr(periods, name))
        if days.size == 0 or first < days[0] or last > days[-1]:
            record = f"{days[0]} to {days[-1]}" if days.size else "empty"
            raise PeriodError(basin, f"the {name} period {first} to {last} is outside the record ({record}); change `periods`")
        inside = (days >= max(first, days[0] + np.timedelta64(warmup, "D"))) & (days <= last)
        if not np.isfinite(data["streamflow"].values[inside]).any():
            raise PeriodError(
                basin, f"no observed streamflow in the {name} period {first} to {last} after {warmup} days of warm-up; change `periods`"
            )


def precipitation_not_negative(data: xr.Dataset, basin: str) -> None:
    """Raises NegativePrecipitationError with the count and the first date."""
    bad = data["precipitation"].values < 0
    if bad.any():
        first = data["time"].values[bad][0]
        raise NegativePrecipitationError(
            basin,
            f"precipitation is negative on {bad.sum()} steps, first {first} ({data['precipitation'].values[bad][0]:g}); "
            f"mark missing values as empty in {data.attrs.get('files', 'the data')}",
        )


def temperatures_in_order(data: xr.Dataset, basin: str, notes: list[str]) -> xr.Dataset:
    """Minimum below maximum temperature; a few crossed days of a gridded product are swapped and counted.

    Raises
    ------
    TemperatureOrderError
        More than one in a hundred steps are crossed, which points to exchanged columns.
    """
    if "temperature_min" not in data or "temperature_max" not in data:
        return data
    low, high = data["temperature_min"], data["temperature_max"]
    crossed = (low > high).values
    if crossed.mean() > SWAPPED_SHARE:
        raise TemperatureOrderError(
            basin,
            f"temperature_min is above temperature_max on {crossed.sum()} of {crossed.size} steps, first "
            f"{data['time'].values[crossed][0]}; are the two exchanged in `variables`?",
        )
    if crossed.any():
        notes.append(f"swapped minimum and maximum temperature on {crossed.sum()} steps")
        lowest, highest = np.minimum(low, high), np.maximum(low, high)
        data = data.assign(temperature_min=low.copy(data=lowest), temperature_max=high.copy(data=highest))
    return data


def not_constant(data: xr.Dataset, basin: str) -> None:
    """Raises ConstantSeriesError where a series has no value, or only one."""
    for name in data.data_vars:
        values = data[name].values[np.isfinite(data[name].values)]
        if values.size == 0:
            raise ConstantSeriesError(basin, f"{name} has no value at all in {data.attrs.get('files', 'the data')}")
        if np.ptp(values) == 0:
            raise ConstantSeriesError(basin, f"{name} is {values[0]:g} on every step in {data.attrs.get('files', 'the data')}")


def runoff_plausible(data: xr.Dataset, limit: float, basin: str) -> None:
    """Streamflow over precipitation, over all steps with both, is below a limit.

    Raises
    ------
    RunoffRatioError
    """
    both = np.isfinite(data["streamflow"].values) & np.isfinite(data["precipitation"].values)
    rain = data["precipitation"].values[both].sum()
    flow = data["streamflow"].values[both].sum()
    if flow > limit * rain:
        raise RunoffRatioError(
            basin,
            f"streamflow is {flow / max(rain, 1e-9):.3g} times precipitation over {both.sum()} steps (limit {limit:g}); check the units of "
            f"both and area_km2 = {data.attrs.get('area_km2', 'unknown')}",
        )


def fill_gaps(data: xr.Dataset, longest: int, basin: str, notes: list[str]) -> xr.Dataset:
    """Fill short gaps of forcing: precipitation with zero, the rest by straight lines.

    Most missing rain is no rain, and zero invents none; a line between wet days would.

    Raises
    ------
    ForcingGapError
        A gap is longer than `longest` steps; names the variable and when.
    """
    filled = {}
    for name in FORCING:
        if name not in data:
            continue
        missing = ~np.isfinite(data[name].values)
        if not missing.any():
            continue
        start, length = longest_run(missing)
        if length > longest:
            time = data["time"].values
            raise ForcingGapError(
                basin,
                f"{name} is missing on {length} steps from {time[start]} (quality.max_filled_gap is {longest}); choose other `periods` or "
                f"fill {data.attrs.get('files', 'the data')}",
            )
        values = data[name].values.astype(float)
        known = np.flatnonzero(~missing)
        fill = 0.0 if name == "precipitation" else np.interp(np.flatnonzero(missing), known, values[known])
        values[missing] = fill
        filled[name] = data[name].copy(data=values)
        how = "zero" if name == "precipitation" else "interpolation"
        notes.append(f"filled {missing.sum()} missing steps of {name} by {how} (longest gap {length})")
    return data.assign(filled)


def longest_run(mask: np.ndarray) -> tuple[int, int]:
    """Start and length of the longest run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(int)))
    starts, lengths = edges[::2], edges[1::2] - edges[::2]
    best = int(np.argmax(lengths))
    return int(starts[best]), int(lengths[best])


def streamflow_not_negative(data: xr.Dataset, notes: list[str]) -> xr.Dataset:
    """Negative streamflow becomes missing, and is counted."""
    negative = data["streamflow"].values < 0
    if negative.any():
        notes.append(f"took {negative.sum()} negative values of streamflow as missing")
        data = data.assign(streamflow=data["streamflow"].where(~negative))
    return data
