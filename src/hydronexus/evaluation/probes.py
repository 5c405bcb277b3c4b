"""Physics probes: what any rainfall-runoff model does when its forcing is changed in ways whose outcome is known."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from hydronexus.errors import NotDefinedError

Run = Callable[[xr.Dataset], np.ndarray]
"""Streamflow [mm per step], shape (member, time), of a trained model under some forcing."""

PULSE = 20.0  # mm, added to single days
WETTING = 30.0  # mm, added over the week before a storm
BLOCK_DAYS = 730.0  # between pulses, so that one has drained before the next
FOLLOWED_DAYS = 365.0
SNOW_SHARE = 0.1  # of precipitation below 0 degC, from which warming must show
YEAR_DAYS = 365.25


@dataclass(frozen=True)
class Probe:
    """One probe.

    Parameters
    ----------
    expectation : str
        What a physically credible model does.
    unit : str
        Of the measured value.
    low, high : float
        Range in which the value passes.
    measure : callable
        Value from the model, its forcing, and its streamflow under that forcing; NaN where the probe does not apply. Of
        several members the worst counts.
    """

    expectation: str
    unit: str
    low: float
    high: float
    measure: Callable[[Run, xr.Dataset, np.ndarray], float]


def probe(run: Run, forcing: xr.Dataset) -> pd.DataFrame:
    """Put a trained model through all probes.

    Parameters
    ----------
    run : callable
        Streamflow [mm per step] of shape (member, time) from a dataset like `forcing`; raises
        :class:`hydronexus.errors.NotDefinedError` for a time step it cannot take.
    forcing : xarray.Dataset
        Canonical forcing of four years or more, dim time, attribute `time_step_days`.

    Returns
    -------
    pandas.DataFrame
        Columns probe, value, unit, low, high, passed (None where it does not apply), expectation.

    Notes
    -----
    After the idea of HydroTuring; the probes and limits here are this project's own.
    """
    base = run(forcing)
    rows = []
    for name, one in PROBES.items():
        try:
            value = one.measure(run, forcing, base)
        except NotDefinedError:
            value = np.nan
        passed = bool(one.low <= value <= one.high) if np.isfinite(value) else None
        rows.append((name, float(value), one.unit, one.low, one.high, passed, one.expectation))
    return pd.DataFrame(rows, columns=["probe", "value", "unit", "low", "high", "passed", "expectation"])


# ---------------------------------------------------------------------- changed forcing


def _steps(forcing: xr.Dataset, days: float) -> int:
    return max(1, round(days / forcing.attrs["time_step_days"]))


def _changed(forcing: xr.Dataset, **values: np.ndarray) -> xr.Dataset:
    arrays = {name: ("time", value.astype(forcing[name].dtype)) for name, value in values.items()}
    return forcing.assign(arrays)


def _warmer(forcing: xr.Dataset, kelvin: float) -> dict[str, np.ndarray]:
    return {name: forcing[name].values + kelvin for name in forcing.data_vars if str(name).startswith("temperature")}


def _blocks(forcing: xr.Dataset) -> list[slice]:
    """Stretches of two years after the first, each followed by a year at least."""
    length, follow = _steps(forcing, BLOCK_DAYS), _steps(forcing, FOLLOWED_DAYS)
    starts = range(follow, forcing.sizes["time"] - 2 * follow + 1, length)
    if not starts:
        raise NotDefinedError("the record is shorter than three years")
    return [slice(start, start + follow) for start in starts]


def halved(forcing: xr.Dataset) -> xr.Dataset:
    """The same weather at half the time step: amounts in equal halves, states repeated."""
    step = forcing.attrs["time_step_days"]
    amounts = ("precipitation", "potential_evapotranspiration", "streamflow")
    arrays = {
        name: ("time", np.repeat(array.values, 2) / (2 if name in amounts else 1))
        for name, array in forcing.data_vars.items()
        if name in amounts or not str(name).startswith("true_")
    }
    half = np.timedelta64(round(step * 43200), "s")
    time = np.stack([forcing["time"].values, forcing["time"].values + half], 1).ravel()
    return xr.Dataset(arrays, {"time": time}, forcing.attrs | {"time_step_days": step / 2})


# ---------------------------------------------------------------------- one function per probe


def _lowest(run: Run, forcing: xr.Dataset, base: np.ndarray) -> float:
    return float(base.min())


def _future_seen(run: Run, forcing: xr.Dataset, base: np.ndarray) -> float:
    middle = base.shape[1] // 2
    later = np.arange(base.shape[1]) >= middle
    rain = np.where(later, 2 * forcing["precipitation"].values + 5, forcing["precipitation"].values)
    changed = run(_changed(forcing, precipitation=rain))
    return float(np.abs(changed - base)[:, :middle].max() / base.mean() * 100)


def _dry_rise(run: Run, forcing: xr.Dataset, base: np.ndarray) -> float:
    """Rises of flow from the 15th to the 365th day without rain, from a warmest day on, over the first flow."""
    start = _warmest(forcing)
    stop = start + _steps(forcing, FOLLOWED_DAYS)
    rain = forcing["precipitation"].values.copy()
    rain[start:stop] = 0.0
    flow = run(_changed(forcing, precipitation=rain))[:, start + _steps(forcing, 15) : stop]
    rises = np.clip(np.diff(flow), 0, None).sum(1)
    return float((rises / (flow[:, 0] + 1e-3 * base.mean())).max() * 100)


def _warmest(forcing: xr.Dataset) -> int:
    """Warmest time of the year in the middle of the record, when no snow is left to melt."""
    signal = forcing["temperature" if "temperature" in forcing else "potential_evapotranspiration"].values
    half = _steps(forcing, 15)
    smooth = np.convolve(signal, np.ones(2 * half) / (2 * half), "same")
    first = forcing.sizes["time"] // 2 - _steps(forcing, FOLLOWED_DAYS)
    if first < 0:
        raise NotDefinedError("the record is shorter than two years")
    return first + int(np.argmax(smooth[first : first + _steps(forcing, FOLLOWED_DAYS)]))


def _demand(run: Run, forcing: xr.Dataset, base: np.ndarray) -> float:
    more = 1.1 * forcing["potential_evapotranspiration"].values
    changed = run(_changed(forcing, potential_evapotranspiration=more))
    return float(((changed.mean(1) / base.mean(1)) - 1).max() * 100)


def _warming(run: Run, forcing: xr.Dataset, base: np.ndarray) -> float:
    """Days by which half of a year's flow passes later when it is 2 K warmer; years begin when snow is at its least."""
    if "temperature" not in forcing:
        return np.nan
    rain, temperature = forcing["precipitation"].values, forcing["temperature"].values
    if rain[temperature < 0].sum() < SNOW_SHARE * rain.sum():
        return np.nan
    changed = run(_changed(forcing, **_warmer(forcing, 2.0)))
    year = _steps(forcing, YEAR_DAYS)
    first = _warmest(forcing) % year + _steps(forcing, 30)
    shifts = []
    for start in range(first + year, base.shape[1] - year, year):
        passed = [np.cumsum(flow[:, start : start + year], 1) for flow in (base, changed)]
        half = [np.argmax(p >= 0.5 * p[:, -1:], axis=1) for p in passed]
        shifts.append(half[1] - half[0])
    return float(np.mean(shifts, axis=0).max() * forcing.attrs["time_step_days"])


def _half_step(run: Run, forcing: xr.Dataset, base: np.ndarray) -> float:
    flow = run(halved(forcing))
    summed = flow.reshape(*base.shape, 2).sum(-1)
    error = ((summed - base) ** 2).mean(1) / base.var(1)
    return float(1 - error.max())


def _added(run: Run, forcing: xr.Dataset, base: np.ndarray) -> np.ndarray:
    """Response to a pulse in every block, shape (member, pulse, step), as a share of the pulse."""
    blocks = _blocks(forcing)
    rain = forcing["precipitation"].values.copy()
    rain[[block.start for block in blocks]] += PULSE
    difference = run(_changed(forcing, precipitation=rain)) - base
    return np.stack([difference[:, block] for block in blocks], 1) / PULSE


def _negative_response(run: Run, forcing: xr.Dataset, base: np.ndarray) -> float:
    return float(-np.clip(_added(run, forcing, base), None, 0).sum(-1).mean(1).min() * 100) + 0.0


def _gain(run: Run, forcing: xr.Dataset, base: np.ndarray) -> float:
    return float(_added(run, forcing, base).sum(-1).max() * 100)


def _lower_peaks(run: Run, forcing: xr.Dataset, base: np.ndarray) -> float:
    """Share of storms, each block's largest, whose peak falls by more than 1 % when the week before was wetter."""
    rain = forcing["precipitation"].values
    week, after = _steps(forcing, 7), _steps(forcing, 5)
    wetter, storms = rain.copy(), []
    for block in _blocks(forcing):
        storm = block.start + week + int(np.argmax(rain[block.start + week : block.stop]))
        wetter[storm - week : storm] += WETTING / week
        storms.append(slice(storm, storm + after))
    changed = run(_changed(forcing, precipitation=wetter))
    lower = [changed[:, storm].max(1) < 0.99 * base[:, storm].max(1) for storm in storms]
    return float(np.mean(lower, axis=0).max() * 100)


PROBES: dict[str, Probe] = {
    "bounds": Probe("streamflow is never negative", "mm per step", 0.0, np.inf, _lowest),
    "causality": Probe("later rain changes nothing before it falls", "% of mean flow", 0.0, 0.01, _future_seen),
    "dry_down": Probe("without rain, flow does not rise after two weeks", "% of first flow", 0.0, 5.0, _dry_rise),
    "demand": Probe("10 % more evaporative demand does not raise mean flow", "%", -np.inf, 0.0, _demand),
    "warming": Probe("2 K of warming does not delay the flow of a snow basin", "d", -np.inf, 1.0, _warming),
    "step_invariance": Probe("half the time step gives the same flow", "NSE", 0.98, 1.0, _half_step),
    "non_negative_response": Probe("more rain lowers no later flow", "% of the pulse", 0.0, 1.0, _negative_response),
    "gain": Probe("no more water leaves than was added, within a year", "% of the pulse", -np.inf, 100.5, _gain),
    "antecedent_water": Probe("a wetter week before lowers no flood peak", "% of storms", 0.0, 0.0, _lower_peaks),
}
